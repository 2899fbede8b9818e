// The third question: one source, and the probes sorted by how a step on it moves them.

const FIRST_PROBES = 24;
const MORE_PROBES = 48;
const SHORT_PROBES = 6;
const AGREEMENT_PROBES = 10;
// The short one stands beside the heat map, if there is one.
const SOURCE_PLACES = ["source", "short-source"];

const SORTS = {
  magnitude: { title: "largest change first", short: "Changes most", key: (value) => -Math.abs(value) },
  largest: { title: "most first", short: "Moves most", key: (value) => -value },
  smallest: { title: "least first", short: "Moves least", key: (value) => value },
};

/** Returns the sorts that make sense, the default first. */
function availableSorts({ hasNegative, isRanked }) {
  if (isRanked) return hasNegative ? ["magnitude"] : ["largest"];
  return hasNegative ? ["magnitude", "largest", "smallest"] : ["largest", "smallest"];
}

function fillSorts(select, examples) {
  for (const sort of availableSorts(examples)) {
    const option = make("option", "", SORTS[sort].title);
    option.value = sort;
    select.append(option);
  }
}

/** Returns the responses of probes other than the source; undefined values come last. */
function sortResponses(examples, source, sort) {
  const key = ({ value }) => (Number.isFinite(value) ? SORTS[sort].key(value) : Infinity);
  // Infinity − Infinity is NaN, which a sort takes for a tie only by luck: compare instead.
  const compare = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.probe - b.probe);
  return examples
    .responses(source)
    .filter(({ probe }) => !examples.isSelf(source, probe))
    .map((response) => ({ ...response, key: key(response) }))
    .sort(compare);
}

function createExplorer(examples) {
  let source = 0;
  let sorted = [];
  let numShown = FIRST_PROBES;

  function show(newSource, sort) {
    source = newSource;
    sorted = sortResponses(examples, source, sort);
    numShown = FIRST_PROBES;
    drawSource();
    drawProbes();
    drawByClass(byId("by-class"), examples, source, sorted);
    if (byId("short-title")) byId("short-title").textContent = SORTS[sort].short;
    byId("agreement").textContent = describeAgreement(examples, source, sorted, sort);
    byId("announcement").textContent = announce(sort);
  }

  function drawSource() {
    const own = examples.ownValue(source);
    for (const id of SOURCE_PLACES.filter(byId)) {
      byId(id).replaceChildren(...drawExample(examples.sources, source));
      if (own === undefined) continue;
      byId(id).querySelector(".words").append(make("div", "faint", `itself: ${formatValue(own)}`));
    }
    byId("short-probes")?.replaceChildren(
      ...sorted.slice(0, SHORT_PROBES).map((response) => drawShortProbe(examples, response)),
    );
  }

  function drawProbes() {
    const sizes = sorted.map(({ value }) => Math.abs(value)).filter(Number.isFinite);
    const largest = Math.max(...sizes, 0);
    const cards = sorted
      .slice(0, numShown)
      .map((response, rank) => drawProbeCard(examples, source, response, { rank, largest }));
    byId("probes").replaceChildren(...cards);
    const left = sorted.length - cards.length;
    byId("more").hidden = left <= 0;
    byId("more").textContent = `Show ${Math.min(left, MORE_PROBES)} more of ${left}`;
  }

  function announce(sort) {
    const [first] = sorted;
    const probe = first
      ? `probe ${describeExample(examples.probes, first.probe)}: ${formatValue(first.value)}`
      : "no probes";
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

function drawShortProbe({ probes }, { probe, value }) {
  const item = make("li");
  if (probes.thumbnails) item.append(drawThumbnail(probes, probe));
  item.append(make("span", "words", probes.labels?.[probe] ?? probes.texts?.[probe] ?? probes.ids[probe]));
  item.append(make("span", "", formatValue(value)));
  return item;
}

function drawProbeCard(examples, source, { probe, value }, { rank, largest }) {
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
  if (examples.sources.positions.has(item.dataset.probe)) item.append(makeFollow(item.dataset.probe));
  return item;
}

/** A button that makes an example the source. */
function makeFollow(id) {
  const button = make("button", "follow quiet", "step on it");
  button.type = "button";
  button.dataset.source = id;
  button.setAttribute("aria-label", `Step on ${id}: make it the source`);
  return button;
}

function describeAgreement(examples, source, sorted, sort) {
  const { sources, probes } = examples;
  if (!sources.labels || !probes.labels) return "";
  const first = sorted.slice(0, AGREEMENT_PROBES);
  const numSame = first.filter(({ probe }) => !isOfOtherClass(examples, source, probe)).length;
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

/** Draws what is known of this one source's pairs with each class, largest first. */
function drawByClass(element, examples, source, responses) {
  const { probes, sources, isRanked } = examples;
  element.replaceChildren();
  if (!probes.labels) return;
  const byClass = new Map();
  for (const { probe, value } of responses) {
    const label = probes.labels[probe];
    if (!byClass.has(label)) byClass.set(label, []);
    if (Number.isFinite(value)) byClass.get(label).push(value);
  }
  const numbers = [...byClass]
    .filter(([, values]) => values.length)
    .map(([label, values]) => [label, isRanked ? values.length : median(values)])
    .sort(([, a], [, b]) => b - a)
    .slice(0, 20);
  const largest = Math.max(...numbers.map(([, value]) => Math.abs(value)));
  const table = make("table");
  const about = isRanked
    ? `How many of its ${responses.length} top probes are of each class`
    : "Median of its pairs with each class";
  table.append(make("caption", "", about));
  for (const [label, value] of numbers) {
    const text = isRanked ? `${value}` : formatValue(value);
    const share = largest > 0 ? Math.abs(value) / largest : 0;
    table.append(drawClassRow(label, text, share, label === sources.labels?.[source]));
  }
  element.append(table);
}

function drawClassRow(label, text, share, isOwn) {
  const line = make("tr", isOwn ? "own" : "other");
  const name = make("th", "", isOwn ? `${label} (own)` : label);
  name.scope = "row";
  const cell = make("td");
  cell.append(makeBar(share));
  line.append(name, cell, make("td", "", text));
  return line;
}
