// What floats beside the pointer over the heat map: the value of a pair and its two examples.

/** Shows the pair in a row and a column of the map. */
function showTip(examples, row, column, { clientX, clientY }) {
  const { map } = examples;
  const tip = byId("tip");
  const value = formatValue(map.row(row)[column]);
  const two = make("div", "two");
  two.append(
    drawSide("source", examples.sources, map.sources.at[row]),
    drawSide("probe", examples.probes, map.probes.at[column]),
  );
  tip.replaceChildren(make("p", "value", `${examples.valueName}: ${value}`), two);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const isRoomRight = clientX + 18 + width < innerWidth;
  tip.style.left = `${isRoomRight ? clientX + 18 : Math.max(clientX - 18 - width, 4)}px`;
  tip.style.top = `${Math.max(Math.min(clientY + 18, innerHeight - height - 8), 4)}px`;
}

function drawSide(title, axis, position) {
  const side = make("div");
  side.append(make("div", "faint", title), ...drawExample(axis, position));
  return side;
}

function hideTip() {
  byId("tip").hidden = true;
}
