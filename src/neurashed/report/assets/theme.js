// Light and dark: the system's choice until the reader makes one.

const themeButton = byId("theme");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemIsDark.matches;
}

/** Returns a colour of the style sheet as it is now, in a form that charts understand. */
function cssColor(name) {
  const swatch = make("span");
  swatch.style.color = `var(--${name})`;
  document.body.append(swatch);
  const color = getComputedStyle(swatch).color;
  swatch.remove();
  return color;
}

/** Applies the theme now, and calls `onChange` whenever it changes. */
function startTheme(onChange) {
  // Some browsers keep no storage for files; then the choice lasts as long as the page.
  const remember = (theme) => {
    try {
      localStorage.setItem("neurashed-theme", theme);
    } catch {}
  };
  try {
    const remembered = localStorage.getItem("neurashed-theme");
    if (remembered) document.documentElement.dataset.theme = remembered;
  } catch {}
  const apply = () => {
    themeButton.textContent = isDark() ? "Light" : "Dark";
    themeButton.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  };
  const change = () => {
    apply();
    onChange();
  };
  themeButton.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    remember(theme);
    change();
  });
  systemIsDark.addEventListener("change", change);
  apply();
}
