// The list of data sets: name, size and age, with a search.

import { byId, element, page, sizeOfTable, text } from "../text.js";
import { age, bytes } from "./measures.js";

const KEY = "waferwatch-dataset"; // the other pages open with the same data set
const shelf = byId("shelf");
const search = byId("shelf-search");
const datasets = new Map(page.datasets.map((dataset) => [dataset.id, dataset]));
/** @type {any} */
let current = null;
const followers = [];

export const nameOf = (dataset) => (dataset.builtin ? text("Demo fab (virtual)") : dataset.name);
export const chosen = () => datasets.get(current);
export const onChoice = (follower) => followers.push(follower);

export function sizeOf(dataset) {
  const parts = [sizeOfTable(dataset)];
  if (!dataset.builtin) parts.push(bytes(dataset.bytes), age(dataset.created));
  return parts.join(" · ");
}

function show() {
  const focused = shelf.contains(document.activeElement) ? document.activeElement?.getAttribute("data-id") : null;
  const wanted = search.value.trim().toLowerCase();
  const shown = [...datasets.values()].filter((dataset) => nameOf(dataset).toLowerCase().includes(wanted));
  shelf.replaceChildren(...shown.map(entry));
  if (focused) focusOn(focused);
  byId("shelf-none").hidden = shown.length > 0;
  byId("shelf-panel").hidden = false; // seen with what is in it: nothing below it moves
}

function entry(dataset) {
  const button = element(
    "button",
    { type: "button", "data-id": dataset.id, ...(dataset.id === current ? { "aria-current": "true" } : {}) },
    element("span", { className: "name", content: nameOf(dataset) }),
    element("span", { className: "about", content: sizeOf(dataset) }),
  );
  button.addEventListener("click", () => {
    choose(dataset.id);
    focusOn(dataset.id);
  });
  return element("li", {}, button);
}

export const focusOn = (id) => shelf.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();

function remember(id) {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // the browser keeps nothing
  }
}

export function choose(id) {
  current = datasets.has(id) ? id : "demo";
  remember(current);
  const address = new URL(location.href);
  address.searchParams.set("dataset", current);
  history.replaceState(null, "", address);
  show();
  for (const follower of followers) follower(chosen());
}

// A new or changed data set takes its place: the newest after the demo.
export function keep(dataset) {
  const known = datasets.has(dataset.id);
  datasets.set(dataset.id, dataset);
  if (!known) {
    const order = [...datasets.values()].sort(
      (one, two) => Number(two.builtin) - Number(one.builtin) || two.created.localeCompare(one.created),
    );
    datasets.clear();
    for (const one of order) datasets.set(one.id, one);
  }
  show();
}

// What stands after it in the list, else before it, is chosen.
export function drop(id) {
  const ids = [...datasets.keys()];
  const at = ids.indexOf(id);
  datasets.delete(id);
  choose(ids[at + 1] ?? ids[at - 1] ?? "demo");
}

export function start() {
  search.addEventListener("input", show);
  setInterval(show, 60_000); // ages grow
  /** @type {string | null} */
  let remembered = null;
  try {
    remembered = localStorage.getItem(KEY);
  } catch {
    // as above
  }
  choose(new URLSearchParams(location.search).get("dataset") ?? remembered);
}
