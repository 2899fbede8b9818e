// What the reader has chosen, kept in the address so that a link brings it back.

/** Reads the choices after the # of the address; what is missing or unknown keeps its default. */
function readView(defaults, allowed) {
  const given = new URLSearchParams(location.hash.slice(1));
  const view = { ...defaults };
  for (const key of Object.keys(defaults)) {
    const value = given.get(key);
    if (value !== null && key !== "zoom" && allowed[key](value)) view[key] = value;
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
