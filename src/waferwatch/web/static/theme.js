// Loaded before anything is drawn, so that the page never flashes in the wrong colours.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("theme") || "auto";
  } catch {
    // storage is switched off: a choice lasts until the page is left
  }
  const show = (theme) => {
    document.documentElement.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  // A bright wall dazzles a dark room.
  const dark = () => system.matches || document.documentElement.classList.contains("wall");
  const apply = () => show(chosen === "auto" ? (dark() ? "dark" : "light") : chosen);
  apply();
  system.addEventListener("change", apply);
  addEventListener("beforeprint", () => show("light")); // charts too: paper is white
  addEventListener("afterprint", apply);
  const select = () => /** @type {HTMLSelectElement | null} */ (document.getElementById("theme"));
  document.addEventListener("DOMContentLoaded", () => {
    const field = select();
    if (field) field.value = chosen;
  });
  // On the document, which is there before the switch is.
  document.addEventListener("change", (event) => {
    const field = select();
    if (!field || event.target !== field) return;
    chosen = field.value;
    try {
      localStorage.setItem("theme", chosen);
    } catch {
      // as above
    }
    apply();
  });
})();
