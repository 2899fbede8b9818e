// What the reader has chosen, kept in the address so that a link brings it back.

/** Returns the view that a page opens with, and which values each of its parts may take. */
function describeView(examples) {
  const { map } = examples;
  const [[firstOrder, { sources }]] = Object.entries(map.orders);
  const hasValue = (row) => map.row(row).some(Number.isFinite);
  const sorts = availableSorts(examples);
  const options = (name) =>
    Array.from(document.querySelectorAll(`[data-choice=${name}] option`), ({ value }) => value);
  return {
    defaults: {
      source: map.sources.ids[sources.find(hasValue) ?? sources[0]],
      order: firstOrder,
      sort: sorts[0],
      statistic: options("statistic")[0] ?? "",
      labels: options("labels")[0] ?? "",
      zoom: null,
    },
    allowed: {
      source: examples.sources.ids,
      order: Object.keys(map.orders),
      sort: sorts,
      statistic: options("statistic"),
      labels: options("labels"),
    },
  };
}

/** Reads the view after the # of the address; what is missing or unknown keeps its default. */
function readView({ defaults, allowed }) {
  const given = new URLSearchParams(location.hash.slice(1));
  const view = { ...defaults };
  for (const [key, values] of Object.entries(allowed)) {
    if (values.includes(given.get(key))) view[key] = given.get(key);
  }
  const zoom = given.get("zoom")?.split(",").map(Number);
  if (zoom?.length === 4 && zoom.every(Number.isFinite)) view.zoom = zoom;
  return view;
}

function writeView(view) {
  const chosen = Object.entries(view).filter(([, value]) => value !== null && value !== "");
  const address = new URLSearchParams(chosen).toString().replaceAll("%2C", ",");
  history.replaceState(null, "", `#${address}`);
}
