// The page of problems: the scope is followed as it is chosen, and a check is started and followed to its end.
import { announce, clearProblem, showProblem } from "../api.js";
import * as severe from "../findings/severe.js";
import * as runs from "../run.js";
import { byId, page, text } from "../text.js";

/** @type {HTMLElement} */
const frame = /** @type {any} */ (document.querySelector(".problems"));
const { state, run = "", dataset: datasetId = "" } = frame.dataset;
const query = new URLSearchParams(location.search);
const dataset = page.datasets.find((one) => one.id === datasetId);

const openRun = (id) => location.replace(`/problems?${new URLSearchParams({ run: id })}`);

async function follow(started) {
  try {
    const ended = await runs.follow(started);
    if (ended) openRun(ended.id);
  } catch (problem) {
    showProblem(problem);
  }
}

async function check() {
  clearProblem();
  const button = byId("detect");
  button.disabled = true;
  try {
    if (!(await severe.settled())) return;
    const started = await runs.start({ kind: "detection", ...(dataset.builtin ? {} : { dataset: dataset.id }) });
    announce(text("The check has begun."));
    await follow(started);
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
}

function followScope() {
  const form = byId("scope");
  byId("scope-dataset").addEventListener("change", (event) => {
    location.assign(`/problems?${new URLSearchParams({ dataset: event.target.value })}`);
  });
  for (const field of form.querySelectorAll("[name]")) field.addEventListener("change", () => form.requestSubmit());
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true; // short addresses
  });
}

followScope();
byId("print")?.addEventListener("click", () => print());
if (state === "running") follow({ id: run, state: "queued", progress: 0, place: 1 });
if (state === "new" && dataset) {
  severe.look(dataset);
  severe.onFixed(() => location.reload());
  byId("detect").addEventListener("click", check);
  if (query.has("check")) check();
}
