// Plotly, loaded when something is to be drawn with it, and never before the page was first painted.
import { byId } from "../text.js";

/** @type {Promise<void> | null} */
let loading = null;

/** Resolves when Plotly is there. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = byId("results").dataset.plotly;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("Plotly cannot be loaded."));
    requestAnimationFrame(() => setTimeout(() => document.head.append(script)));
  });
  return loading;
}
