// Finding and making elements. Text is always set as text: nothing in the data can become markup.

const byId = (id) => document.getElementById(id);

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** A bar whose length says a share between 0 and 1. */
function makeBar(share) {
  const bar = make("div", "bar");
  const filled = make("span");
  filled.style.width = `${100 * share}%`;
  bar.append(filled);
  return bar;
}
