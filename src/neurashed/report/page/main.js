// Wires the page together: one view, and everything that shows or changes it.

const at = (id) => document.getElementById(id);

async function start() {
  const data = JSON.parse(at("page-data").textContent);
  const [examples] = await Promise.all([openExamples(data.examples), runPackedScript(at("plotly-source"))]);
  const sorts = availableSorts(examples);
  fillSorts(sorts);
  const defaults = {
    source: examples.sources.ids[chooseFirstSource(examples)],
    order: Object.keys(examples.orders)[0],
    sort: sorts[0],
    statistic: document.querySelector("[data-choice=statistic]")?.value ?? "",
    labels: document.querySelector("[data-choice=labels]")?.value ?? "",
    zoom: null,
  };
  const allowed = {
    source: (id) => examples.sources.positions.has(id),
    order: (name) => name in examples.orders,
    sort: (name) => sorts.includes(name),
    statistic: (name) => hasOption("statistic", name),
    labels: (name) => hasOption("labels", name),
  };
  await showPage(data, examples, () => readView(defaults, allowed));
  document.documentElement.dataset.ready = "true";
}

/** Returns the first source of the first order that has any defined value. */
function chooseFirstSource(examples) {
  const [{ sources }] = Object.values(examples.orders);
  return sources.find((source) => examples.row(source).some(Number.isFinite)) ?? sources[0];
}

function fillSorts(sorts) {
  for (const sort of sorts) {
    const option = make("option", "", SORTS[sort].title);
    option.value = sort;
    at("sort").append(option);
  }
}

function hasOption(choice, name) {
  return document.querySelector(`[data-choice=${choice}] option[value="${CSS.escape(name)}"]`) !== null;
}

async function showPage(data, examples, read) {
  let view = read();
  const explorer = createExplorer(examples);
  const position = () => examples.sources.positions.get(view.source);
  const row = () => examples.orders[view.order].sources.indexOf(position());
  const map = createHeatMap(at("heat-map"), examples, {
    pick: (pickedRow) => pick(examples.orders[view.order].sources[pickedRow]),
    point: (source, probe, event) => showTip(examples, source, probe, event),
    leave: () => (at("tip").hidden = true),
    zoom: (zoom) => {
      view.zoom = zoom;
      at("zoom-out").hidden = zoom === null;
      writeView(view);
    },
  });

  function pick(source) {
    view.source = examples.sources.ids[source];
    explorer.show(source, view.sort);
    map.mark(row());
    writeView(view);
  }

  function step(by) {
    const { sources } = examples.orders[view.order];
    pick(sources[Math.min(Math.max(row() + by, 0), sources.length - 1)]);
  }

  async function drawMap() {
    at("zoom-out").hidden = view.zoom === null;
    await map.draw(view.order, view.zoom, row());
  }

  function drawSummaries() {
    showChosenTables(view);
    if (data.strengths.length) drawStrengths(at("strength-chart"), data.strengths, view.statistic || "median");
    if (data.distributions.length) drawDistributions(at("distribution-chart"), data.distributions);
  }

  async function drawAll() {
    at("order").value = view.order;
    at("sort").value = view.sort;
    drawSummaries();
    explorer.show(position(), view.sort);
    await drawMap();
  }

  at("scale-note").textContent = describeScale(examples);
  listenToChoices({
    order: (order) => {
      Object.assign(view, { order, zoom: null });
      return drawMap();
    },
    sort: (sort) => {
      view.sort = sort;
      explorer.show(position(), sort);
    },
    summary: (choice, value) => {
      view[choice] = value;
      drawSummaries();
    },
    done: () => writeView(view),
  });
  at("zoom-in").addEventListener("click", () => map.zoomIn(examples.orders[view.order].probes.indexOf(examples.probes.positions.get(view.source) ?? -1)));
  at("zoom-out").addEventListener("click", () => map.zoomTo(null));
  addEventListener("scroll", () => (at("tip").hidden = true), { passive: true });
  listenToKeys(step);
  startSearch(examples, pick);
  startLinks(() => writeView(view));
  addEventListener("hashchange", () => {
    view = read();
    drawAll();
  });
  startTheme(drawAll);
  await drawAll();
}

function showChosenTables({ statistic, labels }) {
  for (const select of document.querySelectorAll("[data-choice]")) {
    select.value = select.dataset.choice === "statistic" ? statistic : labels;
  }
  const tables = [...document.querySelectorAll("[data-statistic]")];
  const ofLabels = tables.filter((table) => !labels || table.dataset.labels === labels);
  // Large tables exist for one statistic only.
  const chosen = ofLabels.find((table) => table.dataset.statistic === statistic) ?? ofLabels[0];
  for (const table of tables) table.hidden = table !== chosen;
}

function describeScale({ scale }) {
  if (!scale.isClipped) return "";
  return (
    `Colours run from ${formatValue(scale.low)} to ${formatValue(scale.high)}; ` +
    "values beyond, one in a hundred at either end, take the colour of the end."
  );
}

function listenToChoices(react) {
  for (const name of ["order", "sort"]) {
    at(name).addEventListener("change", async ({ target }) => {
      await react[name](target.value);
      react.done();
    });
  }
  for (const select of document.querySelectorAll("[data-choice]")) {
    select.addEventListener("change", () => {
      react.summary(select.dataset.choice, select.value);
      react.done();
    });
  }
}

/** Left and right step anywhere but in fields; up and down scroll, except on the heat map. */
function listenToKeys(step) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  addEventListener("keydown", (event) => {
    const isVertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const isInField = event.target.closest("input, select, textarea, .scroll");
    const hasModifier = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!(event.key in steps) || isInField || hasModifier) return;
    if (isVertical && !event.target.closest("#heat-map")) return;
    event.preventDefault();
    step(steps[event.key]);
  });
}

function showTip(examples, source, probe, event) {
  const tip = at("tip");
  const two = make("div", "two");
  for (const [title, axis, position] of [["source", examples.sources, source], ["probe", examples.probes, probe]]) {
    const side = make("div");
    side.append(make("div", "faint", title), ...drawExample(axis, position));
    two.append(side);
  }
  tip.replaceChildren(make("p", "value", `${examples.valueName}: ${formatValue(examples.row(source)[probe])}`), two);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${event.clientX + 18 + width < innerWidth ? event.clientX + 18 : Math.max(event.clientX - 18 - width, 4)}px`;
  tip.style.top = `${Math.max(Math.min(event.clientY + 18, innerHeight - height - 8), 4)}px`;
}

start().catch((error) => {
  at("failure").hidden = false;
  at("failure").textContent = `The charts could not be drawn (${error.message}). A current browser is needed; the tables on this page are complete without them.`;
  throw error;
});
