// Wires the page together: one view, what shows it, and what changes it.

/** Returns functions that show a view: as a whole, or the part that a choice changes. */
function createDisplay(data, examples, listeners, charts) {
  const explorer = createExplorer(examples);
  const pairs = examples.map;
  const map = pairs && createHeatMap(byId("heat-map"), pairs, listeners);
  const position = (view) => examples.sources.positions.get(view.source);
  // A row of the map, −1 if the source is not on it.
  const row = (view) =>
    pairs ? pairs.orders[view.order].sources.indexOf(pairs.sources.placeOf(position(view))) : -1;

  async function showSummaries(view) {
    const { strengths, distributions } = data;
    await charts;
    if (strengths.length) drawStrengths(byId("strength-chart"), strengths, view.statistic || "median");
    if (distributions.length) drawDistributions(byId("distribution-chart"), distributions);
  }

  function showZoom(view) {
    if (pairs) byId("zoom-out").hidden = view.zoom === null;
  }

  async function showMap(view) {
    showZoom(view);
    await charts;
    await map?.draw(view.order, view.zoom, row(view));
  }

  async function showAll(view) {
    showChoices(view);
    explorer.show(position(view), view.sort);
    await showSummaries(view);
    await showMap(view);
  }

  function showSource(view) {
    explorer.show(position(view), view.sort);
    map?.mark(row(view));
  }

  function zoomIn(view) {
    const probe = pairs.probes.placeOf(examples.probes.positions.get(view.source));
    const column = probe === undefined ? null : pairs.orders[view.order].probes.indexOf(probe);
    map.zoomIn(column);
  }

  const showChoice = { order: showMap, sort: showSource, statistic: showSummaries, labels: () => {} };
  const zoomOut = () => map.zoomTo(null);
  return { showAll, showSource, showZoom, showChoice, row, position, zoomIn, zoomOut };
}

/** Shows the page and answers its reader; charts follow when what draws them is there. */
async function showPage(data, examples, charts) {
  const possible = describeView(examples);
  let view = readView(possible);
  const { map } = examples;
  const rows = () => map.orders[view.order].sources;
  const clamp = (place, length) => Math.min(Math.max(place, 0), length - 1);
  const listeners = {
    pick: (row) => pickRow(row),
    point: (row, column, event) => showTip(examples, row, column, event),
    leave: hideTip,
    zoom: (zoom) => {
      view.zoom = zoom;
      display.showZoom(view);
      writeView(view);
    },
  };
  const display = createDisplay(data, examples, listeners, charts);

  function pick(source) {
    view.source = examples.sources.ids[source];
    display.showSource(view);
    writeView(view);
  }

  function pickRow(row) {
    pick(map.sources.at[rows()[clamp(row, rows().length)]]);
  }

  /** Goes to the next row of the map; where the map is a sample, elsewhere to the next source. */
  function step(by, isOnMap) {
    if (map && (map.isWhole || isOnMap)) pickRow(display.row(view) + by);
    else pick(clamp(display.position(view) + by, examples.sources.ids.length));
  }

  function choose(name, value) {
    view[name] = value;
    if (name === "order") view.zoom = null;
    showChoices(view);
    display.showChoice[name](view);
    writeView(view);
  }

  listenToKeys(step);
  listenToChoices(choose);
  startSearch(examples, pick);
  startLinks();
  startFollowing(examples.sources, pick);
  startCopying(() => writeView(view));
  startTheme(() => display.showAll(view));
  byId("zoom-in")?.addEventListener("click", () => display.zoomIn(view));
  byId("zoom-out")?.addEventListener("click", display.zoomOut);
  addEventListener("scroll", hideTip, { passive: true });
  addEventListener("hashchange", () => {
    view = readView(possible);
    display.showAll(view);
  });
  await display.showAll(view);
}

async function start() {
  const data = JSON.parse(byId("page-data").textContent);
  const examples = await openExamples(data.examples);
  fillSorts(byId("sort"), examples);
  if (examples.map) byId("scale-note").textContent = describeScale(examples.map);
  await showPage(data, examples, runPackedScript(byId("plotly-source")));
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  byId("failure").hidden = false;
  byId("failure").textContent =
    `The charts could not be drawn (${error.message}). A current browser is needed; ` +
    "the tables on this page are complete without them.";
  throw error;
});
