// The examples, their pairs, and how one example looks on the page.

async function openExamples(encoded) {
  const { values, shape } = await decodeArray(encoded.values);
  const [numSources, numProbes] = shape;
  const sources = await openAxis(encoded.sources);
  const probes = encoded.probes ? await openAxis(encoded.probes) : sources;
  const orders = {};
  for (const [name, order] of Object.entries(encoded.orders)) {
    orders[name] = {
      sources: (await decodeArray(order.sources)).values,
      probes: (await decodeArray(order.probes)).values,
    };
  }
  return {
    numSources,
    numProbes,
    sources,
    probes,
    orders,
    scale: encoded.scale,
    valueName: encoded.valueName,
    hasNegative: values.some((value) => value < 0),
    row: (source) => values.subarray(source * numProbes, (source + 1) * numProbes),
    isSelf: (source, probe) => sources.ids[source] === probes.ids[probe],
  };
}

async function openAxis(encoded) {
  const thumbnails = encoded.thumbnails && (await decodeArray(encoded.thumbnails));
  const positions = new Map(encoded.ids.map((id, position) => [id, position]));
  return { ...encoded, thumbnails, positions };
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

function drawThumbnail(axis, position) {
  const [, height, width, channels = 1] = axis.thumbnails.shape;
  const canvas = make("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Picture of example ${axis.ids[position]}`);
  const image = new ImageData(width, height);
  const start = position * height * width * channels;
  for (let pixel = 0; pixel < height * width; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = start + pixel * channels + (channels === 3 ? channel : 0);
      image.data[4 * pixel + channel] = axis.thumbnails.values[from];
    }
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
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
