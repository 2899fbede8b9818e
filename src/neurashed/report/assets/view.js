// What the reader has chosen, kept in the address so that a link brings it back.

/** Returns the view that a page opens with, and which values each of its parts may take. */
function describeView(examples) {
  const sorts = availableSorts(examples);
  const orders = Object.keys(examples.map?.orders ?? {});
  const options = (name) =>
    Array.from(document.querySelectorAll(`[data-choice=${name}] option`), ({ value }) => value);
  return {
    defaults: {
      source: firstSource(examples),
      order: orders[0] ?? "",
      sort: sorts[0],
      statistic: options("statistic")[0] ?? "",
      labels: options("labels")[0] ?? "",
      zoom: null,
    },
    allowed: {
      source: examples.sources.ids,
      order: orders,
      sort: sorts,
      statistic: options("statistic"),
      labels: options("labels"),
    },
  };
}

/** Returns the first source of the heat map that moves anything, or the very first. */
function firstSource({ map, sources }) {
  if (!map) return sources.ids[0];
  const [order] = Object.values(map.orders);
  const hasValue = (row) => map.row(row).some(Number.isFinite);
  return map.sources.ids[order.sources.find(hasValue) ?? order.sources[0]];
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
