// What a page gives its scripts, for scripts that are tested without a browser.

export function open(language, texts = {}) {
  const dataset = { page: JSON.stringify({ language, texts, datasets: [], detectors: {} }) };
  Object.assign(globalThis, { document: { getElementById: () => ({ dataset }) } });
  Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-US"] }, configurable: true });
}
