// Loaded before anything is drawn: what is sent before the page's scripts have come waits for them. A browser would
// load the page again instead, and what was typed would be lost.
(() => {
  /** @type {{ form: HTMLFormElement, by: HTMLElement | null } | null} */
  let held = null;
  const hold = (event) => {
    if (event.target.hasAttribute("action") || event.target.method === "dialog") return; // these need no script
    event.preventDefault();
    held = { form: event.target, by: event.submitter };
  };
  addEventListener("submit", hold, true);
  document.addEventListener("DOMContentLoaded", () => {
    removeEventListener("submit", hold, true);
    if (held) held.form.requestSubmit(held.by);
  });
})();
