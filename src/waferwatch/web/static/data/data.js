// The Data page: a data set is chosen, looked at, corrected, renamed, deleted and brought back.
import { announce, ask, clearProblem, showNotes, showProblem } from "../api.js";
import { byId, text } from "../text.js";
import * as list from "./list.js";
import * as quality from "./quality.js";
import * as reading from "./reading/reading.js";
import * as roles from "./roles.js";
import * as rows from "./rows.js";
import * as toast from "./toast.js";
import * as upload from "./upload.js";

/** @type {any} */
let shown = null; // the data set with its columns, as the server described it
/** @type {AbortController | null} */
let stop = null;

const openTab = (id) => bootstrap.Tab.getOrCreateInstance(byId(`${id}-tab`)).show();

async function open(dataset) {
  clearProblem();
  byId("results").hidden = false; // the list above it on a phone is there
  if (reading.isOpen()) reading.close();
  showDataset(true);
  rename(false);
  header(dataset);
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  try {
    shown = await ask(`/datasets/${dataset.id}`, { signal });
  } catch (problem) {
    if (problem.status === 404) list.drop(dataset.id); // deleted elsewhere
    showProblem(problem);
    return;
  }
  if (signal.aborted) return;
  showDetail(shown);
}

function showDetail(detail) {
  shown = detail;
  showNotes(detail.notes);
  roles.show(detail);
  rows.show(detail);
  quality.show(detail);
}

function header(dataset) {
  byId("title").textContent = list.nameOf(dataset);
  byId("facts").textContent = list.sizeOf(dataset);
  byId("detect-on").href = `/problems?dataset=${encodeURIComponent(dataset.id)}&check=1`;
  byId("learn-on").href = `/monitors?dataset=${encodeURIComponent(dataset.id)}#learn`;
  for (const id of ["rename", "delete", "reading"]) byId(id).hidden = dataset.builtin;
}

function rename(on) {
  byId("rename-form").hidden = !on;
  byId("title").hidden = on;
  if (!on) return;
  byId("new-name").value = list.chosen().name;
  byId("new-name").select();
}

async function saveName() {
  const { id } = list.chosen();
  clearProblem();
  try {
    const found = await ask(`/datasets/${id}`, { method: "PATCH", body: { name: byId("new-name").value } });
    keep(found);
    rename(false);
    byId("rename").focus();
    announce(text("The data set is called {name} now.", { name: found.name }));
  } catch (problem) {
    showProblem(problem);
    byId("new-name").focus();
  }
}

// What the list shows of a data set, from all that is known of it.
function keep({ described, notes, findings, options, recipe, groups, first_row: _, ...dataset }) {
  list.keep(dataset);
  if (list.chosen().id === dataset.id) header(dataset);
}

// Either the data set or the reading of a file is shown.
function showDataset(on) {
  for (const part of document.querySelectorAll(".of-dataset")) /** @type {HTMLElement} */ (part).hidden = !on;
}

async function openReading(upload) {
  clearProblem();
  byId("notes").replaceChildren();
  try {
    await reading.open(upload);
    showDataset(false);
  } catch (problem) {
    showDataset(true);
    showProblem(problem);
    throw problem;
  }
}

function leave() {
  stop?.abort();
  rows.leave();
  quality.leave();
}

async function remove() {
  const dataset = list.chosen();
  clearProblem();
  leave(); // what is asked of it now would be answered with "not found"
  try {
    await ask(`/datasets/${dataset.id}`, { method: "DELETE" });
  } catch (problem) {
    if (problem.status !== 404) await open(dataset);
    showProblem(problem);
    if (problem.status !== 404) return;
  }
  list.drop(dataset.id);
  toast.offerUndo(text("{name} was deleted.", { name: dataset.name }), () => restore(dataset));
  byId("toast-undo").focus({ preventScroll: true });
}

async function restore(dataset) {
  try {
    list.keep(await ask(`/datasets/${dataset.id}/restore`, { method: "POST" }));
    list.choose(dataset.id);
    list.focusOn(dataset.id);
    announce(text("{name} is back.", { name: dataset.name }));
  } catch (problem) {
    showProblem(problem);
  }
}

list.onChoice(open);
roles.onChanged((detail) => {
  keep(detail);
  showDetail(detail);
});
quality.onPlace((row, column) => {
  openTab("rows");
  rows.jump(row, column);
});
quality.onFixed((detail) => {
  keep(detail);
  showDetail(detail);
});
quality.onColumns((columns) => {
  openTab("roles");
  roles.showOnly(columns);
});
upload.onUploaded((dataset) => {
  list.keep(dataset);
  list.choose(dataset.id);
});
upload.onMend(openReading);
reading.onUsed((dataset, choose) => {
  upload.settle(dataset.id);
  keep(dataset);
  if (choose) list.choose(dataset.id);
});
reading.onClosed(() => {
  list.choose(list.chosen().id);
  byId("reading").focus();
});
byId("reading").addEventListener("click", () => openReading(list.chosen().id).catch(() => {}));
byId("rename").addEventListener("click", () => rename(true));
byId("rename-cancel").addEventListener("click", () => {
  rename(false);
  byId("rename").focus();
});
byId("rename-form").addEventListener("submit", (event) => {
  event.preventDefault();
  saveName();
});
byId("rename-form").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) byId("rename-cancel").click();
});
byId("delete").addEventListener("click", remove);
roles.start();
rows.startUp();
upload.start();
const mended = reading.start();
list.start();
if (mended) openReading(mended).catch(() => {});
