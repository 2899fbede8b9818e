// Charts of the first question: strengths as points with intervals, and distributions.

const CHART_CONFIG = { displayModeBar: false, responsive: true };
const STRENGTH_ROW = 52;
const PANEL_HEIGHT = 170;

/** Plotly reads a little markup in its texts: escape what comes from data. */
function plotlyText(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function chartLayout(more) {
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: cssColor("ink") },
    hoverlabel: { bgcolor: cssColor("raised"), font: { color: cssColor("ink") } },
    showlegend: false,
    dragmode: false,
    ...more,
  };
}

function quietAxis(more) {
  return {
    zeroline: false,
    gridcolor: cssColor("line"),
    linecolor: cssColor("line"),
    tickcolor: cssColor("line"),
    tickfont: { color: cssColor("soft"), size: 12 },
    fixedrange: true,
    ...more,
  };
}

function drawStrengths(element, rows, statistic) {
  const known = rows.filter((row) => Number.isFinite(row.by_statistic[statistic]?.value));
  // Without an interval, where a class has a single example, the point stands alone.
  const points = known.map((row) => {
    const { value, low, high } = row.by_statistic[statistic];
    return { value, low: low ?? value, high: high ?? value };
  });
  const ends = [0.5, ...points.flatMap(({ low, high }) => [low, high])];
  const pad = 0.08 * (Math.max(...ends) - Math.min(...ends)) + 0.005;
  const trace = {
    type: "scatter",
    mode: "markers",
    x: points.map(({ value }) => value),
    y: points.map((_, row) => row),
    marker: { size: 9, symbol: known.map((_, row) => (row === 0 ? "circle" : "circle-open")), color: cssColor("within"), line: { width: 2 } },
    error_x: {
      type: "data",
      symmetric: false,
      array: points.map(({ value, high }) => high - value),
      arrayminus: points.map(({ value, low }) => value - low),
      color: cssColor("within"),
      thickness: 2,
      width: 5,
    },
    hovertemplate: points.map(
      ({ value, low, high }) => `${value.toFixed(3)}, interval ${low.toFixed(3)} to ${high.toFixed(3)}<extra></extra>`,
    ),
  };
  const names = known.map((row, at) => ({
    text: plotlyText(row.name), x: 0, xref: "paper", xanchor: "left", y: at - 0.42, yanchor: "middle",
    showarrow: false, bgcolor: cssColor("ground"), borderpad: 1,
    font: { size: 13, color: cssColor(at === 0 ? "ink" : "soft") },
  }));
  const half = {
    type: "line", x0: 0.5, x1: 0.5, y0: 0, y1: 1, yref: "paper",
    line: { color: cssColor("soft"), width: 1, dash: "dot" },
  };
  const halfName = {
    text: "one half", x: 0.5, y: 0, yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false,
    font: { size: 12, color: cssColor("soft") },
  };
  const layout = chartLayout({
    height: 60 + STRENGTH_ROW * known.length,
    margin: { l: 8, r: 12, t: 4, b: 44 },
    xaxis: quietAxis({ range: [Math.min(...ends) - pad, Math.max(...ends) + pad], title: { text: "elasticity strength", font: { size: 12 } } }),
    yaxis: quietAxis({ range: [known.length - 0.4, -0.75], showgrid: false, showticklabels: false }),
    annotations: [...names, halfName],
    shapes: [half],
  });
  return Plotly.react(element, [trace], layout, CHART_CONFIG);
}

function drawDistributions(element, panels) {
  const layout = chartLayout({
    height: 40 + PANEL_HEIGHT * panels.length,
    margin: { l: 44, r: 12, t: 24, b: 44 },
    annotations: [],
    shapes: [],
  });
  const traces = panels.flatMap((panel, at) => {
    addPanel(layout, panel, at, panels);
    return ["within", "between"].map((kind) => traceDistribution(panel, kind, at));
  });
  return Plotly.react(element, traces, layout, CHART_CONFIG);
}

function axisNames(at) {
  return at === 0 ? ["x", "y"] : [`x${at + 1}`, `y${at + 1}`];
}

function traceDistribution(panel, kind, at) {
  const shares = panel.shares[kind];
  const [xaxis, yaxis] = axisNames(at);
  return {
    type: "scatter",
    mode: "lines",
    xaxis,
    yaxis,
    x: panel.edges,
    y: [...shares, shares.at(-1)],
    line: { shape: "hv", width: 1.75, color: cssColor(kind), dash: kind === "within" ? "solid" : "dash" },
    fill: kind === "within" ? "tozeroy" : "none",
    fillcolor: cssColor("within").replace("rgb(", "rgba(").replace(")", ", 0.16)"),
    hovertemplate: `%{y:.1f} % of pairs ${kind === "within" ? "within a class" : "between classes"}, from %{x:.3g}<extra></extra>`,
  };
}

function addPanel(layout, panel, at, panels) {
  const [x, y] = axisNames(at);
  const top = 1 - at / panels.length;
  const bottom = 1 - (at + 1) / panels.length + (at + 1 < panels.length ? 0.28 / panels.length : 0);
  const isLast = at + 1 === panels.length;
  const sharesAxis = !isLast && panels[at + 1].measure === panel.measure;
  layout[`xaxis${x.slice(1)}`] = quietAxis({
    anchor: y,
    range: [panel.edges[0], panel.edges.at(-1)],
    title: sharesAxis ? undefined : { text: plotlyText(panel.measure), font: { size: 12 } },
  });
  layout[`yaxis${y.slice(1)}`] = quietAxis({
    anchor: x, domain: [bottom, top], rangemode: "tozero", nticks: 4, ticksuffix: " %",
  });
  layout.annotations.push({
    text: plotlyText(panel.name), x: 0, xref: "paper", xanchor: "left", y: top, yref: "paper",
    yanchor: "bottom", showarrow: false, font: { size: 13, color: cssColor(at === 0 ? "ink" : "soft") },
  });
  for (const kind of ["within", "between"]) {
    const median = panel.quantiles[kind][2];
    if (median === undefined) continue;
    layout.shapes.push({
      type: "line", xref: x, yref: `${y} domain`, x0: median, x1: median, y0: 0, y1: 1,
      line: { color: cssColor(kind), width: 1.25, dash: kind === "within" ? "solid" : "dash" },
    });
  }
}
