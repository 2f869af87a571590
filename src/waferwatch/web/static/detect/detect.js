// Settings, rows and scores of a check: from the button to the figures, and back to a run of before.
import { announce, ask, clearProblem, showNotes, showProblem } from "../api.js";
import { draw, resize } from "../charts/chart.js";
import * as score from "../charts/score.js";
import * as series from "../charts/series.js";
import * as data from "../datasets.js";
import { offerExport } from "../exports.js";
import * as severe from "../findings/severe.js";
import * as runs from "../run.js";
import { byId, text, whole } from "../text.js";
import { showEvents, showHeadline, showTiles, startEvents } from "./results.js";
import * as settings from "./settings.js";

const query = new URLSearchParams(location.search);
const wantedMonitor = query.get("monitor"); // from its own page: an earlier run is not shown in its place
/** @type {any} */
let shown = null; // data set and id of the run on the page
let turn = 0; // grows whenever another data set or run is looked at: late answers are dropped

const ONLY_WITH_RESULT = ["headline", "found", "closer", "made", "onward"];

function clearResult() {
  shown = null;
  for (const id of [...ONLY_WITH_RESULT, "stale"]) byId(id).hidden = true;
  byId("welcome").hidden = true;
}

// Data without a result. Nothing is seen before it is known whether there is one: what stands there does not move.
async function showDataAlone(dataset, sensors) {
  byId("welcome").hidden = false;
  byId("series-panel").hidden = false;
  if (sensors.length) await series.show({ dataset: dataset.id, sensor: sensors[0] });
}

// Another data set: its sensors, and the newest detection on it.
async function showDataset(dataset) {
  const mine = ++turn;
  clearProblem();
  showNotes([]);
  runs.leave();
  busy(false);
  clearResult();
  severe.look(dataset);
  const sensors = data.sensorsOf(dataset);
  settings.offerSensors(sensors);
  if (wantedMonitor) settings.chooseMonitor(wantedMonitor);
  series.offer(sensors);
  try {
    const wanted = query.get("run");
    query.delete("run");
    const [newest] = await Promise.all([
      wanted ? ask(`/runs/${encodeURIComponent(wanted)}`) : newestRun(dataset),
      settings.offerRows(dataset),
    ]);
    if (mine !== turn) return;
    if (newest && (wanted || !wantedMonitor)) await showRun(newest, mine);
    else {
      address({ dataset: dataset.id });
      await showDataAlone(dataset, sensors);
    }
  } catch (problem) {
    if (mine !== turn) return;
    showProblem(problem);
    await showDataAlone(dataset, sensors);
  }
}

async function newestRun(dataset) {
  const { runs: found } = await ask(`/runs?kind=detection&limit=5&dataset=${encodeURIComponent(dataset.id)}`);
  return found.find((run) => runs.unfinished(run) || run.state === "done");
}

// Follow a run to its end, and show what it found.
async function showRun(run, mine) {
  settings.restore(run.options);
  address({ dataset: run.dataset, run: run.id });
  busy(true);
  try {
    const ended = await runs.follow(run);
    if (ended === null || mine !== turn) return;
    const answer = await ask(`/runs/${encodeURIComponent(ended.id)}/result`);
    if (mine === turn) await showAnswer(answer);
  } finally {
    if (mine === turn) busy(false);
  }
}

function busy(on) {
  byId("detect").disabled = on;
  byId("detect-spinner").hidden = !on;
  byId("results").setAttribute("aria-busy", on);
  byId("detect-text").textContent = on ? text("Checking") : text("Check");
}

async function detect() {
  const mine = ++turn;
  clearProblem();
  try {
    const body = settings.wishes(data.chosen());
    busy(true);
    const settled = await severe.settled();
    if (mine !== turn || !settled) return;
    await showRun(await runs.start(body), mine);
  } catch (problem) {
    if (mine === turn) showProblem(problem);
  } finally {
    if (mine === turn) busy(false);
  }
}

async function showAnswer(answer) {
  shown = { dataset: answer.dataset, run: answer.run };
  byId("welcome").hidden = true;
  for (const id of [...ONLY_WITH_RESULT, "series-panel"]) byId(id).hidden = false;
  settings.fold();
  links(answer);
  showFindings(answer); // before the figures: they are drawn where they come to stand
  const shares = new Map(answer.ranking.map(({ sensor, share }) => [sensor, share]));
  series.offer([...shares.keys()], shares);
  const sensor = answer.figures.time_series.layout.meta.sensor;
  const [start, end] = [query.get("start"), query.get("end")];
  query.delete("start");
  query.delete("end");
  await series.show({ ...shown, sensor, start, end, figure: start || end ? null : answer.figures.time_series });
  for (const name of ["distribution", "correlation"]) await draw(byId(name), answer.figures[name]);
  byId("correlation-normal").checked = true;
  await score.show(answer);
  const counts = { problems: whole(answer.problems.total), events: whole(answer.events_total) };
  announce(text("Detection finished. Problems found: {problems}, events: {events}.", counts));
}

function showFindings(answer) {
  byId("stale").hidden = !answer.stale;
  showHeadline(answer);
  showTiles(answer);
  showEvents(answer);
}

// After the threshold was moved: the same place, other flags.
async function refresh(answer) {
  showFindings(answer);
  await series.reload();
  await showDistribution(series.current().sensor);
  await showCorrelation();
}

function links({ run }) {
  const id = encodeURIComponent(run);
  byId("to-problems").href = `/problems?run=${id}`;
  byId("to-groups").href = `/problems/groups?run=${id}`;
  byId("to-compare").href = `/monitors/compare?dataset=${encodeURIComponent(shown.dataset)}`;
  offerExport("events-export", `/runs/${id}/export`, [["what", "events"]]);
  byId("to-rows").href = `/runs/${id}/export?what=rows&format=csv`;
  byId("to-report").href = `/runs/${id}/report.html`;
}

function address(values) {
  history.replaceState(null, "", `/problems/check?${new URLSearchParams(values)}`);
}

async function showDistribution(sensor) {
  if (!shown) return;
  try {
    await draw(byId("distribution"), await ask(series.address(sensor, { run: shown.run, view: "distribution" })));
  } catch (problem) {
    showProblem(problem);
  }
}

async function showCorrelation() {
  if (!shown) return;
  const rows = /** @type {any} */ (document.querySelector("[name=correlation-rows]:checked")).value;
  try {
    await draw(byId("correlation"), await ask(`/runs/${encodeURIComponent(shown.run)}/correlation?rows=${rows}`));
  } catch (problem) {
    showProblem(problem);
  }
}

byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  detect();
});
byId("again").addEventListener("click", detect);
for (const tab of document.querySelectorAll("[data-bs-toggle=tab]")) {
  tab.addEventListener("shown.bs.tab", () => {
    for (const chart of document.querySelectorAll(`${tab.getAttribute("data-bs-target")} .js-plotly-plot`))
      resize(chart);
  });
}
for (const choice of document.querySelectorAll("[name=correlation-rows]"))
  choice.addEventListener("change", showCorrelation);
series.onSensor(showDistribution);
score.onMoved(refresh);
severe.onFixed(data.replace);
startEvents();
settings.start();
data.onDataset(showDataset);

data.startWithRun(query);
