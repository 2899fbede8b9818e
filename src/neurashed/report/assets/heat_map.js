// The zoomable heat map of every pair.

const MOST_NAMED_CELLS = 40;
const MOST_CLASS_LINES = 60;
const SMALLEST_TICK_GAP = 14;
const LONGEST_TICK = 14;
const NARROW = 560;
const BAR_BESIDE = { x: 1, xpad: 22 };
const BAR_BELOW = { orientation: "h", x: 0.5, y: -0.12, yanchor: "top" };

/**
 * Makes the heat map of its examples; it tells `listeners` what the reader picks, points at and zooms to.
 * Positions are those of the current order: row and column as they stand on the page.
 */
function createHeatMap(element, examples, listeners) {
  let order = null;
  let pickedRow = 0;
  const marker = make("div", "picked-row");
  element.after(marker);

  function isNarrow() {
    return element.clientWidth < NARROW;
  }

  async function draw(orderName, zoom, row) {
    pickedRow = row;
    order = { name: orderName, ...examples.orders[orderName] };
    const first = !element.classList.contains("js-plotly-plot");
    await Plotly.react(element, [traceValues(examples, order, isNarrow())], layOut(zoom), {
      responsive: true,
      displaylogo: false,
      showTips: false,
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    });
    if (first) listen();
    mark();
  }

  function layOut(zoom) {
    const [x0, x1, y0, y1] = zoom ?? wholeRange(examples);
    return chartLayout({
      margin: isNarrow() ? { l: 44, r: 20, t: 28, b: 100 } : { l: 56, r: 8, t: 28, b: 56 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: cssColor("soft"), activecolor: cssColor("accent") },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: { ...mapAxis("probes"), range: [x0, x1], ...ticks("probes", x0, x1) },
      yaxis: { ...mapAxis("sources"), range: [y0, y1], ...ticks("sources", y1, y0) },
      shapes: classLines(examples, order),
    });
  }

  function ticks(axis, low, high) {
    const pixels = axis === "probes" ? element.clientWidth - 120 : element.clientHeight - 84;
    return chooseTicks(examples[axis], order, axis, { low, high, pixels });
  }

  /** Marks the picked row with an element of our own: Plotly would draw the whole map anew. */
  function mark(row = pickedRow) {
    pickedRow = row;
    // It may be picked before it is drawn.
    if (!element.layout) return;
    const [, , y0, y1] = currentZoom();
    const plot = element.querySelector(".nsewdrag").getBoundingClientRect();
    const frame = element.getBoundingClientRect();
    const rowHeight = plot.height / (y0 - y1);
    marker.hidden = row < 0 || row + 0.5 < y1 || row - 0.5 > y0;
    marker.style.left = `${plot.left - frame.left}px`;
    marker.style.width = `${plot.width}px`;
    marker.style.top = `${plot.top - frame.top + (row - 0.5 - y1) * rowHeight}px`;
    marker.style.height = `${rowHeight}px`;
  }

  function zoomTo(zoom) {
    const [x0, x1, y0, y1] = zoom ?? wholeRange(examples);
    return Plotly.relayout(element, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  }

  function currentZoom() {
    const { xaxis, yaxis } = element.layout;
    return [...xaxis.range, ...yaxis.range];
  }

  /** Zooms in by half, around the picked row and the column of the same example. */
  function zoomIn(column) {
    const [x0, x1, y0, y1] = currentZoom();
    const [xMiddle, yMiddle] = [column ?? (x0 + x1) / 2, pickedRow < 0 ? (y0 + y1) / 2 : pickedRow];
    const [xReach, yReach] = [(x1 - x0) / 4, (y1 - y0) / 4];
    return zoomTo([xMiddle - xReach, xMiddle + xReach, yMiddle - yReach, yMiddle + yReach]);
  }

  function listen() {
    element.on("plotly_click", ({ points }) => listeners.pick(points[0].y));
    element.on("plotly_hover", ({ points, event }) =>
      listeners.point(order.sources[points[0].y], order.probes[points[0].x], event),
    );
    element.on("plotly_afterplot", () => mark());
    element.on("plotly_unhover", () => listeners.leave());
    element.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.includes("axis.range") || key.includes("autorange"))) return;
      const zoom = currentZoom();
      const isWhole = zoom.every((end, at) => Math.abs(end - wholeRange(examples)[at]) < 0.01);
      const [x0, x1, y0, y1] = zoom;
      const { tickvals, ticktext } = ticks("probes", x0, x1);
      const rows = ticks("sources", y1, y0);
      Plotly.relayout(element, {
        "xaxis.tickvals": tickvals, "xaxis.ticktext": ticktext,
        "yaxis.tickvals": rows.tickvals, "yaxis.ticktext": rows.ticktext,
      });
      listeners.zoom(isWhole ? null : zoom.map((end) => Math.round(10 * end) / 10));
    });
  }

  return { draw, mark, zoomTo, zoomIn };
}

function wholeRange({ numSources, numProbes }) {
  return [-0.5, numProbes - 0.5, numSources - 0.5, -0.5];
}

function traceValues(examples, order, isNarrow) {
  const { scale } = examples;
  const z = Array.from(order.sources, (source) => {
    const row = examples.row(source);
    return Float32Array.from(order.probes, (probe) => row[probe]);
  });
  return {
    type: "heatmap",
    z,
    zmin: scale.low,
    zmax: scale.high,
    colorscale: scale.stops,
    hoverinfo: "none",
    colorbar: {
      ...(isNarrow ? BAR_BELOW : BAR_BESIDE),
      thickness: 12,
      outlinewidth: 0,
      len: 1,
      ypad: 0,
      title: { text: plotlyText(examples.valueName), side: isNarrow ? "bottom" : "right", font: { size: 12 } },
      tickfont: { size: 12, color: cssColor("soft") },
    },
  };
}

function describeScale({ scale }) {
  if (!scale.isClipped) return "";
  return (
    `Colours run from ${formatValue(scale.low)} to ${formatValue(scale.high)}; ` +
    "values beyond, one in a hundred at either end, take the colour of the end."
  );
}

function mapAxis(name) {
  return {
    zeroline: false,
    showgrid: false,
    title: { text: name, font: { size: 12, color: cssColor("soft") }, standoff: 8 },
    tickfont: { size: 12, color: cssColor("ink") },
    ticks: "",
    tickmode: "array",
    automargin: true,
  };
}

/** Returns each run of one label along an axis in the current order. */
function classRuns(axis, order, axisName) {
  const labels = { class: axis.labels, fine_class: axis.fineLabels }[order.name];
  if (!labels) return [];
  const runs = [];
  order[axisName].forEach((example, at) => {
    if (runs.at(-1)?.label === labels[example]) runs.at(-1).end = at + 1;
    else runs.push({ label: labels[example], start: at, end: at + 1 });
  });
  return runs;
}

/** Names single examples where they are few, else classes, as many as there is room for. */
function chooseTicks(axis, order, axisName, { low, high, pixels }) {
  const inside = (at) => at >= low && at <= high;
  if (high - low <= MOST_NAMED_CELLS) {
    const cells = Array.from(order[axisName].keys()).filter(inside);
    return { tickvals: cells, ticktext: cells.map((at) => nameTick(axis, order[axisName][at])) };
  }
  const chosen = [];
  const gap = (SMALLEST_TICK_GAP / pixels) * (high - low);
  for (const { label, start, end } of classRuns(axis, order, axisName)) {
    const at = (Math.max(start, low) + Math.min(end, high) - 1) / 2;
    const isVisible = end > low && start < high;
    if (isVisible && (chosen.length === 0 || at - chosen.at(-1).at >= gap)) chosen.push({ at, label });
  }
  return { tickvals: chosen.map(({ at }) => at), ticktext: chosen.map(({ label }) => plotlyText(shorten(label))) };
}

function nameTick(axis, example) {
  const id = shorten(axis.ids[example]);
  return plotlyText(axis.labels ? `${shorten(axis.labels[example])} · ${id}` : id);
}

function shorten(text) {
  return text.length > LONGEST_TICK ? `${text.slice(0, LONGEST_TICK - 1)}…` : text;
}

function classLines(examples, order) {
  // Two-sided colours are pale at zero, one-sided ones dark at the low end.
  const isTwoSided = examples.scale.low < 0 && examples.scale.high > 0;
  return ["sources", "probes"].flatMap((axisName) => {
    const runs = classRuns(examples[axisName], order, axisName);
    if (runs.length > MOST_CLASS_LINES) return [];
    const [along, across] = axisName === "sources" ? ["y", "x"] : ["x", "y"];
    return runs.slice(0, -1).map(({ end }) => ({
      type: "line",
      [`${across}ref`]: "paper", [`${across}0`]: 0, [`${across}1`]: 1,
      [`${along}0`]: end - 0.5, [`${along}1`]: end - 0.5,
      line: { color: isTwoSided ? "rgba(30, 30, 30, 0.55)" : "rgba(255, 255, 255, 0.75)", width: 1 },
    }));
  });
}
