// The page of problems: the scope is followed as it is chosen, and a check is started and followed to its end.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { unfolds } from "../charts/grid.js";
import * as severe from "../findings/severe.js";
import * as runs from "../run.js";
import { byId, page, text } from "../text.js";
import * as acts from "./acts.js";
import * as together from "./together.js";

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
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name); // short addresses
  });
}

// The proposal is learnt as a golden set with its monitor, and the data are checked again by it.
async function confirmProposal(event) {
  event.preventDefault();
  clearProblem();
  const button = byId("proposal-confirm");
  button.disabled = true;
  try {
    const body = {
      name: byId("proposal-name").value.trim(),
      ...JSON.parse(event.target.parentElement.dataset.request),
    };
    const learnt = await runs.follow(await ask("/monitors", { method: "POST", body }));
    if (!learnt) return;
    const monitor = `${learnt.summary.monitor}@${learnt.summary.version}`;
    announce(text("The golden set is kept. The data are checked again."));
    await follow(await runs.start({ kind: "detection", dataset: datasetId, monitor }));
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
}

followScope();
byId("proposal")?.addEventListener("submit", confirmProposal);
const standing = (box, answer) => {
  /** @type {any} */ (box.closest(".problem")).querySelector(".verdict").textContent = answer.state_text;
};
acts.follow(standing);
if (byId("picked")) together.follow(standing);
if (byId("lanes-open")) unfolds(byId("lanes-open"));
byId("print")?.addEventListener("click", () => print());
if (state === "running") follow({ id: run, state: "queued", progress: 0, place: 1 });
if (state === "new" && dataset) {
  severe.look(dataset);
  severe.onFixed(() => location.reload());
  byId("detect").addEventListener("click", check);
  if (query.has("check")) check();
}
