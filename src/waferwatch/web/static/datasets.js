// The data set that a page looks at: chosen by a switch, the address, or the last visit.
import { ask, showNotes, showProblem } from "./api.js";
import { byId, page, sizeOfTable, text } from "./text.js";

const KEY = "waferwatch-dataset";
const select = byId("dataset");
const datasets = new Map(page.datasets.map((dataset) => [dataset.id, dataset]));
const followers = [];

export const onDataset = (follower) => followers.push(follower);
export const chosen = () => datasets.get(select.value);
export const nameOf = (dataset) => (dataset.builtin ? text("Demo fab (virtual)") : dataset.name);
export const known = (id) => datasets.has(id);

const withRole = (dataset, ...roles) =>
  Object.keys(dataset.roles).filter((column) => roles.includes(dataset.roles[column]));
export const sensorsOf = (dataset) => withRole(dataset, "sensor");
export const groupsOf = (dataset) => withRole(dataset, "equipment", "lot", "wafer", "recipe", "step", "context");

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing
  }
}

function remember(id) {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // it is chosen for this page alone
  }
}

export function choose(id) {
  select.value = datasets.has(id) ? id : "demo";
  const dataset = chosen();
  remember(dataset.id);
  byId("dataset-size").textContent = sizeOfTable(dataset);
  for (const follower of followers) follower(dataset);
}

// The same data set with other roles: everything that follows it looks again.
export function replace(dataset) {
  datasets.set(dataset.id, dataset);
  if (select.value === dataset.id) choose(dataset.id);
}

// Call it when every follower is there.
export function start(wanted = new URLSearchParams(location.search).get("dataset")) {
  select.addEventListener("change", () => choose(select.value));
  choose(wanted ?? remembered());
}

// The same for an address that may name a run: its data set comes first. A run that cannot be shown leaves the query.
export async function startWithRun(query) {
  const wanted = query.get("run");
  if (!wanted) return start();
  try {
    const run = await ask(`/runs/${encodeURIComponent(wanted)}`);
    if (datasets.has(run.dataset)) return start(run.dataset);
    query.delete("run");
    start();
    showNotes([text("The data of this run, {name}, are no longer there.", { name: run.dataset_name })]);
  } catch (problem) {
    query.delete("run");
    start();
    showProblem(problem);
  }
}
