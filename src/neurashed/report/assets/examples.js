// The examples, what is known of their pairs, and how one example looks on the page.

/**
 * Opens what the page knows: the examples of both axes; `map`, all pairs of some or all of them,
 * null if there are none; and `responses(source)`, the probes known to respond to a source, as a list of {probe, value}.
 */
async function openExamples(encoded) {
  const sources = await openAxis("sources", encoded.sources);
  const probes = encoded.probes ? await openAxis("probes", encoded.probes) : sources;
  const map = encoded.map && (await openMap(encoded, sources, probes));
  const ranked = encoded.ranked && (await openRanked(encoded.ranked));
  const isSelf = (source, probe) => sources.ids[source] === probes.ids[probe];
  const known = ranked ? fromTopProbes(ranked) : fromMap(map, probes);
  return { sources, probes, map, isSelf, valueName: encoded.valueName, ...known };
}

async function openAxis(name, encoded) {
  const ids = await decodeTexts(encoded.ids);
  return {
    ids,
    labels: encoded.labels && (await openLabels(encoded.labels)),
    fineLabels: encoded.fineLabels && (await openLabels(encoded.fineLabels)),
    texts: encoded.texts && (await decodeTexts(encoded.texts)),
    thumbnails: encoded.thumbnails && openThumbnails(name, encoded.thumbnails),
    positions: new Map(ids.map((id, position) => [id, position])),
  };
}

async function openLabels({ names, numbers }) {
  return Array.from((await decodeArray(numbers)).values, (number) => names[number]);
}

/** The heat map knows rows and columns; `sources.at` and `probes.at` say which examples they are. */
async function openMap({ map, valueName }, sources, probes) {
  const { values, shape } = await decodeArray(map.values);
  const [numSources, numProbes] = shape;
  const orders = {};
  for (const [name, order] of Object.entries(map.orders)) {
    orders[name] = {
      sources: (await decodeArray(order.sources)).values,
      probes: (await decodeArray(order.probes)).values,
    };
  }
  return {
    numSources,
    numProbes,
    sources: takeExamples(sources, map.sources && (await decodeArray(map.sources)).values),
    probes: takeExamples(probes, map.probes && (await decodeArray(map.probes)).values),
    orders,
    scale: map.scale,
    valueName,
    isWhole: map.sources === null,
    hasNegative: values.some((value) => value < 0),
    row: (source) => values.subarray(source * numProbes, (source + 1) * numProbes),
  };
}

/** Returns the ids and labels of some examples of an axis, or of all. */
function takeExamples({ ids, labels, fineLabels }, positions) {
  const at = positions ?? Uint32Array.from(ids.keys());
  const take = (texts) => texts && Array.from(at, (position) => texts[position]);
  const places = new Map(Array.from(at, (position, place) => [position, place]));
  return {
    at,
    placeOf: (position) => places.get(position),
    ids: take(ids),
    labels: take(labels),
    fineLabels: take(fineLabels),
  };
}

async function openRanked({ places, values, own }) {
  const { values: numbers, shape } = await decodeArray(values);
  return {
    places: (await decodeArray(places)).values,
    values: numbers,
    own: own && (await decodeArray(own)).values,
    numRanks: shape[1],
  };
}

function fromMap(map, probes) {
  return {
    hasNegative: map.hasNegative,
    isRanked: false,
    responses: (source) => Array.from(map.row(source), (value, probe) => ({ probe, value })),
    ownValue: (source) => map.row(source)[probes.positions.get(map.sources.ids[source])],
  };
}

function fromTopProbes({ places, values, own, numRanks }) {
  const ranks = Array.from({ length: numRanks }, (_, rank) => rank);
  return {
    hasNegative: values.some((value) => value < 0),
    isRanked: true,
    responses: (source) =>
      ranks
        .map((rank) => source * numRanks + rank)
        .filter((at) => Number.isFinite(values[at]))
        .map((at) => ({ probe: places[at], value: values[at] })),
    ownValue: (source) => own?.[source],
  };
}

/** Writes a value for people: four digits, or the word for what has no value. */
function formatValue(value) {
  if (!Number.isFinite(value)) return "undefined";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toPrecision(size >= 1e4 ? 5 : 4);
}

function describeExample(axis, position) {
  const label = axis.labels ? `, ${axis.labels[position]}` : "";
  const fine = axis.fineLabels ? ` (${axis.fineLabels[position]})` : "";
  return `${axis.ids[position]}${label}${fine}`;
}

/** Returns what shows an example: its picture, then its label with a remark, its id and text. */
function drawExample(axis, position, remark = "") {
  const parts = [];
  if (axis.thumbnails) parts.push(drawThumbnail(axis, position));
  const words = make("div", "words");
  if (axis.labels) {
    const label = make("div", "label", axis.labels[position]);
    if (remark) label.append(" ", make("span", "remark", remark));
    words.append(label);
  }
  const fine = axis.fineLabels ? `${axis.fineLabels[position]}, ` : "";
  words.append(make("div", "faint", `${fine}id ${axis.ids[position]}`));
  if (axis.texts) words.append(make("div", "text", axis.texts[position]));
  parts.push(words);
  return parts;
}
