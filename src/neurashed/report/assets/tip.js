// What floats beside the pointer over the heat map: the value of a pair and its two examples.

function showTip(examples, source, probe, { clientX, clientY }) {
  const tip = byId("tip");
  const value = formatValue(examples.row(source)[probe]);
  const two = make("div", "two");
  two.append(
    drawSide("source", examples.sources, source),
    drawSide("probe", examples.probes, probe),
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
