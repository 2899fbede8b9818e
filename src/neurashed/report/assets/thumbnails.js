// Thumbnails on sheets of many: a sheet is unpacked when an image of it is first shown.

// About 50 MB of unpacked images of 28 by 28 pixels.
const MOST_OPEN_SHEETS = 64;

/** Returns what paints the thumbnails of an axis, "sources" or "probes". */
function openThumbnails(axisName, { height, width, columns, perSheet, mediaType }) {
  // A Map keeps the order in which its entries were set: the first was not used for longest.
  const opened = new Map();

  function open(number) {
    const known = opened.get(number);
    opened.delete(number);
    opened.set(number, known ?? unpack(byId(`${axisName}-sheet-${number}`)));
    if (opened.size > MOST_OPEN_SHEETS) opened.delete(opened.keys().next().value);
    return opened.get(number);
  }

  function unpack({ textContent }) {
    const file = new Blob([readBase64(textContent.trim())], { type: mediaType });
    return createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  }

  async function paint(canvas, position) {
    const at = position % perSheet;
    const sheet = await open(Math.floor(position / perSheet));
    const [x, y] = [(at % columns) * width, Math.floor(at / columns) * height];
    canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
  }

  return { height, width, paint };
}

/** Returns a canvas of the right size at once; its picture follows. */
function drawThumbnail(axis, position) {
  const canvas = make("canvas");
  canvas.width = axis.thumbnails.width;
  canvas.height = axis.thumbnails.height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Picture of example ${axis.ids[position]}`);
  axis.thumbnails.paint(canvas, position);
  return canvas;
}
