// Finding a source by id, label or text.

const MOST_MATCHES = 12;

/** Returns sources whose id is the query, then those with such a label, then those that hold it. */
function findSources({ sources }, query, most = MOST_MATCHES) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [];
  const rankings = [
    { fields: [sources.ids], fits: (value) => value === wanted },
    { fields: [sources.labels, sources.fineLabels], fits: (value) => value === wanted },
    {
      fields: [sources.ids, sources.labels, sources.fineLabels, sources.texts],
      fits: (value) => value.includes(wanted),
    },
  ];
  const matches = new Set();
  for (const { fields, fits } of rankings) {
    const known = fields.filter(Boolean);
    for (let source = 0; source < sources.ids.length && matches.size < most; source += 1) {
      if (known.some((values) => fits(values[source].toLowerCase()))) matches.add(source);
    }
  }
  return [...matches];
}

/** Returns any source that fits the query, or any at all if there is none. */
function drawSource(examples, query) {
  const matches = findSources(examples, query, Infinity);
  const from = matches.length ? matches : [...examples.sources.ids.keys()];
  return from[Math.floor(Math.random() * from.length)];
}

function startSearch(examples, pick) {
  const [field, list] = [byId("search"), byId("matches")];
  const choose = (source) => {
    list.hidden = true;
    pick(source);
  };
  field.addEventListener("input", () => {
    const matches = findSources(examples, field.value);
    list.replaceChildren(...matches.map((source) => drawMatch(examples, source, choose)));
    if (field.value.trim() && !matches.length) list.append(make("li", "faint", "No source matches."));
    if (matches.length === MOST_MATCHES) list.append(make("li", "faint", "The first of more; Random picks any."));
    list.hidden = !field.value.trim();
  });
  field.addEventListener("keydown", ({ key }) => {
    const [first] = findSources(examples, field.value);
    if (key === "Enter" && first !== undefined) choose(first);
    if (key === "ArrowDown") list.querySelector("button")?.focus();
  });
  byId("random").addEventListener("click", () => pick(drawSource(examples, field.value)));
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("li");
    const other = { ArrowDown: item?.nextElementSibling, ArrowUp: item?.previousElementSibling }[event.key];
    other?.querySelector("button")?.focus();
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") list.hidden = true;
  });
  addEventListener("click", ({ target }) => {
    if (!target.closest(".search")) list.hidden = true;
  });
}

function drawMatch(examples, source, choose) {
  const item = make("li");
  const button = make("button");
  button.type = "button";
  if (examples.sources.thumbnails) button.append(drawThumbnail(examples.sources, source));
  button.append(make("span", "", describeExample(examples.sources, source)));
  button.addEventListener("click", () => choose(source));
  item.append(button);
  return item;
}
