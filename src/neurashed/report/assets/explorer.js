// The third question: one source, and the probes sorted by how a step on it moves them.

const FIRST_PROBES = 24;
const MORE_PROBES = 48;
const SHORT_PROBES = 6;
const AGREEMENT_PROBES = 10;

const SORTS = {
  magnitude: { title: "largest change first", short: "Changes most", key: (value) => -Math.abs(value) },
  largest: { title: "most first", short: "Moves most", key: (value) => -value },
  smallest: { title: "least first", short: "Moves least", key: (value) => value },
};

/** Returns the sorts that make sense, the default first. */
function availableSorts({ hasNegative }) {
  return hasNegative ? ["magnitude", "largest", "smallest"] : ["largest", "smallest"];
}

function fillSorts(select, examples) {
  for (const sort of availableSorts(examples)) {
    const option = make("option", "", SORTS[sort].title);
    option.value = sort;
    select.append(option);
  }
}

/** Returns the probes other than the source itself; those with undefined values come last. */
function sortProbes(examples, source, sort) {
  const row = examples.row(source);
  const key = (probe) => (Number.isFinite(row[probe]) ? SORTS[sort].key(row[probe]) : Infinity);
  const probes = Array.from(row.keys()).filter((probe) => !examples.isSelf(source, probe));
  const keys = Float64Array.from(row, (_, probe) => key(probe));
  // Infinity − Infinity is NaN, which a sort takes for a tie only by luck: compare instead.
  return probes.sort((a, b) => (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b));
}

function createExplorer(examples) {
  let source = 0;
  let sorted = [];
  let numShown = FIRST_PROBES;

  function show(newSource, sort) {
    source = newSource;
    sorted = sortProbes(examples, source, sort);
    numShown = FIRST_PROBES;
    drawSource();
    drawProbes();
    drawByClass(byId("by-class"), examples, source);
    byId("short-title").textContent = SORTS[sort].short;
    byId("agreement").textContent = describeAgreement(examples, source, sorted, sort);
    byId("announcement").textContent = announce(sort);
  }

  function drawSource() {
    const selfProbe = examples.probes.positions.get(examples.sources.ids[source]);
    for (const id of ["source", "short-source"]) {
      byId(id).replaceChildren(...drawExample(examples.sources, source));
      if (selfProbe === undefined) continue;
      const value = formatValue(examples.row(source)[selfProbe]);
      byId(id).querySelector(".words").append(make("div", "faint", `itself: ${value}`));
    }
    byId("short-probes").replaceChildren(
      ...sorted.slice(0, SHORT_PROBES).map((probe) => drawShortProbe(examples, source, probe)),
    );
  }

  function drawProbes() {
    const values = examples.row(source);
    const largest = Math.max(...sorted.map((probe) => Math.abs(values[probe])).filter(Number.isFinite), 0);
    const cards = sorted
      .slice(0, numShown)
      .map((probe, rank) => drawProbeCard(examples, source, probe, { rank, largest }));
    byId("probes").replaceChildren(...cards);
    const left = sorted.length - cards.length;
    byId("more").hidden = left <= 0;
    byId("more").textContent = `Show ${Math.min(left, MORE_PROBES)} more of ${left}`;
  }

  function announce(sort) {
    const first = sorted[0];
    const value = first === undefined ? "" : formatValue(examples.row(source)[first]);
    const probe = first === undefined ? "no probes" : `probe ${describeExample(examples.probes, first)}: ${value}`;
    return `Source ${describeExample(examples.sources, source)}. ${SORTS[sort].title}: ${probe}`;
  }

  byId("more").addEventListener("click", () => {
    numShown += MORE_PROBES;
    drawProbes();
  });
  return { show };
}

function isOfOtherClass(examples, source, probe) {
  const { sources, probes } = examples;
  return Boolean(sources.labels && probes.labels && sources.labels[source] !== probes.labels[probe]);
}

function drawShortProbe(examples, source, probe) {
  const { probes } = examples;
  const item = make("li");
  if (probes.thumbnails) item.append(drawThumbnail(probes, probe));
  item.append(make("span", "words", probes.labels?.[probe] ?? probes.texts?.[probe] ?? probes.ids[probe]));
  item.append(make("span", "", formatValue(examples.row(source)[probe])));
  return item;
}

function drawProbeCard(examples, source, probe, { rank, largest }) {
  const value = examples.row(source)[probe];
  const isOther = isOfOtherClass(examples, source, probe);
  const item = make("li", isOther ? "other" : "");
  item.dataset.probe = examples.probes.ids[probe];
  const card = make("div", "card");
  card.append(...drawExample(examples.probes, probe, isOther ? "other class" : ""));
  const line = make("div", "value");
  line.append(make("span", "faint", `${rank + 1}`), make("span", "", formatValue(value)));
  card.querySelector(".words").prepend(line);
  const share = Number.isFinite(value) && largest > 0 ? Math.abs(value) / largest : 0;
  item.append(card, makeBar(share));
  return item;
}

function describeAgreement(examples, source, sorted, sort) {
  const { sources, probes } = examples;
  if (!sources.labels || !probes.labels) return "";
  const first = sorted.slice(0, AGREEMENT_PROBES);
  const numSame = first.filter((probe) => !isOfOtherClass(examples, source, probe)).length;
  const share = probes.labels.filter((label) => label === sources.labels[source]).length / probes.labels.length;
  const which = { magnitude: "change most", largest: "move most", smallest: "move least" }[sort];
  return (
    `Of the ${first.length} probes that ${which}, ${numSame} have the source's class, ` +
    `“${sources.labels[source]}”; of all probes, ${Math.round(100 * share)} % do. ` +
    "Probes of another class stand in a dashed frame."
  );
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Draws the median value of this one source's pairs with each class, largest first. */
function drawByClass(element, examples, source) {
  const { probes, sources } = examples;
  element.replaceChildren();
  if (!probes.labels) return;
  const row = examples.row(source);
  const byClass = new Map();
  probes.labels.forEach((label, probe) => {
    if (!byClass.has(label)) byClass.set(label, []);
    if (Number.isFinite(row[probe]) && !examples.isSelf(source, probe)) byClass.get(label).push(row[probe]);
  });
  const medians = [...byClass]
    .filter(([, values]) => values.length)
    .map(([label, values]) => [label, median(values)])
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20);
  const largest = Math.max(...medians.map(([, value]) => Math.abs(value)));
  const table = make("table");
  table.append(make("caption", "", "Median of its pairs with each class"));
  for (const [label, value] of medians) {
    table.append(drawClassRow(label, value, largest, label === sources.labels?.[source]));
  }
  element.append(table);
}

function drawClassRow(label, value, largest, isOwn) {
  const line = make("tr", isOwn ? "own" : "other");
  const name = make("th", "", isOwn ? `${label} (own)` : label);
  name.scope = "row";
  const cell = make("td");
  cell.append(makeBar(largest > 0 ? Math.abs(value) / largest : 0));
  line.append(name, cell, make("td", "", formatValue(value)));
  return line;
}
