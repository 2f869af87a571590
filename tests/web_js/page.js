// What a page gives its scripts, for scripts that are tested without a browser.

export function open(language, texts = {}) {
  const textContent = JSON.stringify({ language, texts, datasets: [], detectors: {} });
  Object.assign(globalThis, { document: { getElementById: () => ({ textContent }) } });
  Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-US"] }, configurable: true });
}
