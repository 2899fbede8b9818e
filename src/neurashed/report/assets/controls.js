// Keys, selects and links inside the page.

/** Left and right step anywhere but in fields; up and down scroll, except on the heat map. */
function listenToKeys(step) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    const isVertical = key === "ArrowUp" || key === "ArrowDown";
    const isTaken = target.closest("input, select, textarea, .scroll");
    const hasModifier = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!(key in steps) || isTaken || hasModifier) return;
    if (isVertical && !target.closest("#heat-map")) return;
    event.preventDefault();
    step(steps[key], Boolean(target.closest("#heat-map")));
  });
  byId("previous").addEventListener("click", () => step(-1, false));
  byId("next").addEventListener("click", () => step(1, false));
}

/** Tells which choice was made: `order` and `sort`, and `statistic` and `labels` of the tables. */
function listenToChoices(choose) {
  for (const name of ["order", "sort"]) {
    byId(name)?.addEventListener("change", ({ target }) => choose(name, target.value));
  }
  for (const select of document.querySelectorAll("[data-choice]")) {
    select.addEventListener("change", () => choose(select.dataset.choice, select.value));
  }
}

/** Brings all selects and the shown class table into line with a view. */
function showChoices(view) {
  if (byId("order")) byId("order").value = view.order;
  byId("sort").value = view.sort;
  for (const select of document.querySelectorAll("[data-choice]")) {
    select.value = view[select.dataset.choice];
  }
  const tables = [...document.querySelectorAll("[data-statistic]")];
  const ofLabels = tables.filter(({ dataset }) => !view.labels || dataset.labels === view.labels);
  // Large tables exist for one statistic only.
  const chosen = ofLabels.find(({ dataset }) => dataset.statistic === view.statistic) ?? ofLabels[0];
  for (const table of tables) table.hidden = table !== chosen;
}

/** Links inside the page scroll without touching the address, which holds the view. */
function startLinks() {
  for (const link of document.querySelectorAll("a[href^='#']:not([data-source])")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const target = document.querySelector(link.getAttribute("href"));
      target.setAttribute("tabindex", "-1");
      target.focus({ preventScroll: true });
      target.scrollIntoView();
    });
  }
}

/** Whatever names an example as a source makes it the source, and brings its probes into view. */
function startFollowing(sources, pick) {
  // Members of clusters may be examples of another result.
  for (const link of document.querySelectorAll("a[data-source]")) {
    if (!sources.positions.has(link.dataset.source)) link.replaceWith(link.textContent);
  }
  addEventListener("click", (event) => {
    const id = event.target.closest("[data-source]")?.dataset.source;
    if (id === undefined) return;
    event.preventDefault();
    pick(sources.positions.get(id));
    byId("examples").scrollIntoView();
  });
}

function startCopying(writeAddress) {
  const button = byId("copy-link");
  const title = button.textContent;
  button.addEventListener("click", async () => {
    writeAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copy it from the address bar";
    }
    setTimeout(() => (button.textContent = title), 2500);
  });
}
