// The Runs page: the list, its filters, and what is done with a run.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { offerExport } from "../exports.js";
import { byId, counted, element, text } from "../text.js";
import { STATES } from "../words.js";
import { card, nameOf, refreshTimes, saying, showProgress, unfinished, wording } from "./run_card.js";

const PAGE = 25;
const MOST = 500; // runs that are looked at again while something is on its way
const POLL_MS = 1500;
const SEARCH_MS = 300;
const list = byId("runs");
const form = byId("run-filters");
const dialog = byId("repeat-dialog");
const shown = new Map(); // id -> { run, node, key }, in the order of the list
const followed = new Set(); // runs started here whose end is announced
let wanted = PAGE;
let turn = 0;
/** @type {any} */
let poll = null;

const path = (id, rest = "") => `/runs/${encodeURIComponent(id)}${rest}`;
const filters = () =>
  Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value),
  );
// What a card is made of; progress changes in place.
const keyOf = ({ progress, place, ...rest }) => JSON.stringify(rest);

async function load() {
  const mine = ++turn;
  clearTimeout(poll);
  try {
    offerExport("checks-export", "/data/checks/export", Object.entries(filters()));
    const query = new URLSearchParams({ ...filters(), limit: wanted + (wanted < MOST ? 1 : 0) });
    const { runs } = await ask(`/runs?${query}`);
    if (mine !== turn) return;
    show(runs.slice(0, wanted));
    byId("more").hidden = runs.length <= wanted;
  } catch (problem) {
    if (mine === turn) showProblem(problem);
  } finally {
    if (mine === turn) schedule();
  }
}

function show(runs) {
  const active = document.activeElement;
  const before = active?.closest("[data-run]");
  const focus = before && { id: before.getAttribute("data-run"), action: active?.getAttribute("data-action") };
  const nodes = runs.map((run) => place(run));
  const kept = new Set(runs.map((run) => run.id));
  for (const id of [...shown.keys()]) if (!kept.has(id)) shown.delete(id);
  if (nodes.length !== list.children.length || nodes.some((node, at) => list.children[at] !== node))
    list.replaceChildren(...nodes);
  if (focus && !document.activeElement?.closest?.("[data-run]")) restoreFocus(focus);
  list.setAttribute("aria-busy", "false");
  const filtered = Object.keys(filters()).length > 0;
  byId("run-count").textContent = runs.length
    ? counted("{count} check is shown.", "{count} checks are shown.", runs.length)
    : "";
  byId("none-fit").hidden = runs.length > 0 || !filtered;
  byId("no-runs").hidden = runs.length > 0 || filtered;
  byId("filters-clear").hidden = !filtered;
}

// The card of a run: the one that is there, changed where it must be.
function place(run) {
  const old = shown.get(run.id);
  const key = keyOf(run);
  if (old?.key === key) {
    showProgress(old.node, run);
    old.run = run;
    return old.node;
  }
  const node = card(run);
  if (old?.node.classList.contains("fresh")) node.classList.add("fresh");
  shown.set(run.id, { run, node, key });
  if (followed.has(run.id) && !unfinished(run)) {
    followed.delete(run.id);
    announce(text("The run on {name} has ended: {state}.", { name: nameOf(run), state: STATES[run.state] }));
  }
  return node;
}

function restoreFocus({ id, action }) {
  const node = shown.get(id)?.node;
  const target = node?.querySelector(`[data-action="${action}"]`) ?? node?.querySelector("a, button") ?? node;
  target?.focus({ preventScroll: true });
}

// Asks again only while something is on its way and somebody looks.
function schedule() {
  clearTimeout(poll);
  if (document.hidden || ![...shown.values()].some(({ run }) => unfinished(run))) return;
  poll = setTimeout(load, POLL_MS);
}

async function act(action, run, node) {
  clearProblem();
  try {
    if (action === "cancel") await ask(path(run.id, "/cancel"), { method: "POST" });
    else if (action === "again") await start(run, run.dataset);
    else if (action === "repeat") return choose(run);
    else if (action === "delete") return confirmDelete(run, node);
    await load();
  } catch (problem) {
    showProblem(problem);
  }
}

async function start(run, dataset) {
  const made = await ask(path(run.id, "/repeat"), { method: "POST", body: { dataset } });
  followed.add(made.id);
  announce(text("The run on {name} was started.", { name: nameOf(made) }));
  if (!fits(made)) form.reset(); // the new run is seen
  address();
  await load();
  const node = shown.get(made.id)?.node;
  if (!node) return;
  node.classList.add("fresh");
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
}

function fits(run) {
  const { search, state, dataset, kind } = filters();
  return !search && !state && (!dataset || dataset === run.dataset) && (!kind || kind === run.kind);
}

function choose(run) {
  dialog.dataset.run = run.id;
  byId("repeat-options").replaceChildren(...wording(run));
  byId("repeat-problem").textContent = "";
  const select = byId("repeat-dataset");
  select.value = [...select.options].find((option) => option.value !== run.dataset)?.value ?? select.value;
  dialog.showModal();
}

byId("repeat-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { run } = shown.get(dialog.dataset.run) ?? {};
  if (!run) return dialog.close();
  byId("repeat-start").disabled = true;
  try {
    await start(run, byId("repeat-dataset").value);
    const made = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.close();
    made?.focus({ preventScroll: true });
  } catch (problem) {
    byId("repeat-problem").textContent = [problem.message, problem.hint].filter(Boolean).join(" ");
  } finally {
    byId("repeat-start").disabled = false;
  }
});
byId("repeat-cancel").addEventListener("click", () => dialog.close());

// In place of the button: what is lost, and two buttons. Escape keeps the run.
function confirmDelete(run, node) {
  const asked = node.querySelector("[data-action=delete]");
  const sure = element("button", {
    type: "button",
    className: "btn btn-sm btn-danger",
    content: text("Delete"),
    "aria-label": saying(text("Delete for good?"), run),
  });
  const keep = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-secondary",
    content: text("Keep it"),
  });
  const box = element(
    "span",
    { className: "run-sure", role: "group", "aria-label": text("Delete for good?") },
    element("b", { content: text("Delete for good?") }),
    text("Its result, verdicts and notes go too. It cannot be undone."),
    sure,
    keep,
  );
  const back = () => {
    box.replaceWith(asked);
    asked.focus();
  };
  keep.addEventListener("click", back);
  box.addEventListener("keydown", (event) => event.key === "Escape" && back());
  sure.addEventListener("click", () => remove(run, node));
  asked.replaceWith(box);
  keep.focus();
}

async function remove(run, node) {
  const next = node.nextElementSibling ?? node.previousElementSibling;
  try {
    await ask(path(run.id), { method: "DELETE" });
    announce(text("The run on {name} was deleted.", { name: nameOf(run) }));
    await load();
    (next?.isConnected ? next : byId("results")).focus({ preventScroll: true });
  } catch (problem) {
    showProblem(problem);
    await load();
  }
}

list.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-action]");
  const node = event.target.closest("[data-run]");
  if (pressed && node && pressed.dataset.action !== "export")
    act(pressed.dataset.action, shown.get(node.dataset.run).run, node);
});

function address() {
  const query = new URLSearchParams(filters()).toString();
  history.replaceState(null, "", `/data/checks${query ? `?${query}` : ""}`);
}

function filter() {
  wanted = PAGE;
  clearProblem();
  address();
  load();
}

/** @type {any} */
let typing = null;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(filter, document.activeElement === byId("search") ? SEARCH_MS : 0);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  filter();
});
byId("filters-clear").addEventListener("click", () => {
  form.reset();
  byId("search").focus();
  filter();
});
byId("more").addEventListener("click", async () => {
  const first = wanted;
  wanted = Math.min(MOST, wanted + PAGE);
  await load();
  list.children[first]?.focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(poll) : load()));
setInterval(() => document.hidden || refreshTimes(list), 30_000);

for (const [name, value] of new URLSearchParams(location.search)) {
  const field = form.elements.namedItem(name);
  if (field && "value" in field) field.value = value;
}
load();
