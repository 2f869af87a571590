// The Compare page: from the button to the verdict, and back to a comparison of before.
import { announce, ask, clearProblem, showNotes, showProblem } from "../api.js";
import { clear } from "../charts/chart.js";
import * as data from "../datasets.js";
import * as runs from "../run.js";
import { byId, text } from "../text.js";
import { showComparison } from "./results.js";
import * as settings from "./settings.js";

const query = new URLSearchParams(location.search);
let turn = 0; // grows whenever another data set or run is looked at: late answers are dropped

// Another data set: its sensors, and the newest comparison on it.
async function showDataset(dataset) {
  const mine = ++turn;
  clearProblem();
  showNotes([]);
  runs.leave();
  busy(false);
  hide();
  settings.offer(dataset);
  const wanted = query.get("run");
  query.delete("run");
  try {
    const run = wanted ? await ask(`/runs/${encodeURIComponent(wanted)}`) : await newestRun(dataset);
    if (mine !== turn) return;
    if (run) await showRun(run, mine);
    else {
      address({ dataset: dataset.id });
      nothing();
    }
  } catch (problem) {
    if (mine !== turn) return;
    nothing();
    showProblem(problem);
  }
}

async function newestRun(dataset) {
  const { runs: found } = await ask(`/runs?kind=comparison&limit=5&dataset=${encodeURIComponent(dataset.id)}`);
  return found.find((run) => runs.unfinished(run) || run.state === "done");
}

function hide() {
  byId("found").hidden = true;
  byId("welcome").hidden = true;
  for (const id of ["curves", "measures", "agreement", "faults", "delays"]) clear(byId(id));
}

// Seen once it is known that there is no comparison: what stands on the page does not move.
function nothing() {
  byId("welcome").hidden = false;
  byId("settings-fold").open = true;
}

// Follow a comparison to its end, and show what it found.
async function showRun(run, mine) {
  if (data.chosen().id === run.dataset) settings.restore(run.options);
  address({ run: run.id });
  busy(true);
  try {
    const ended = await runs.follow(run);
    if (ended === null || mine !== turn) return;
    const answer = await ask(`/runs/${encodeURIComponent(ended.id)}/comparison`);
    if (mine !== turn) return;
    byId("welcome").hidden = true;
    byId("found").hidden = false;
    byId("settings-fold").open = false;
    await showComparison(answer);
    announce(text("Comparison finished."));
  } finally {
    if (mine === turn) busy(false);
  }
}

async function compare() {
  const mine = ++turn;
  clearProblem();
  try {
    const body = settings.wishes(data.chosen());
    busy(true);
    hide();
    await showRun(await runs.start(body), mine);
  } catch (problem) {
    if (mine === turn) showProblem(problem);
  } finally {
    if (mine === turn) busy(false);
  }
}

function busy(on) {
  byId("compare").disabled = on;
  byId("compare-spinner").hidden = !on;
  byId("results").setAttribute("aria-busy", on);
}

function address(values) {
  history.replaceState(null, "", `/monitors/compare?${new URLSearchParams(values)}`);
}

// The address may name a run: its data set comes first.
async function begin() {
  const wanted = query.get("run");
  if (!wanted) return data.start();
  try {
    const run = await ask(`/runs/${encodeURIComponent(wanted)}`);
    data.start(run.dataset); // what was found is kept also when the data are gone
    if (!data.known(run.dataset))
      showNotes([text("The data of this run, {name}, are no longer there.", { name: run.dataset_name })]);
  } catch (problem) {
    query.delete("run");
    data.start();
    showProblem(problem);
  }
}

byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  compare();
});
settings.start();
data.onDataset(showDataset);
begin();
