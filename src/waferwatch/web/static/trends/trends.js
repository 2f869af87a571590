// The Trends page: where to look, the indicator chosen wafer by wafer, and the trace behind a point.
import { announce, ask, clearProblem, queryOf, showProblem } from "../api.js";
import * as marks from "../charts/marks.js";
import * as data from "../datasets.js";
import * as runs from "../run.js";
import { byId, element, localTime, page, text, whole } from "../text.js";
import * as chart from "./chart.js";
import * as coverage from "./coverage.js";
import * as grid from "./grid.js";
import * as limits from "./limits.js";
import * as table from "./table.js";
import * as trace from "./trace.js";

const FIELDS = [
  "run",
  "last",
  "chamber",
  "recipe",
  "step",
  "sensor",
  "stat",
  "wafer",
  "keep",
  "rules",
  "lower",
  "upper",
  "from",
  "to",
];
const DESK = matchMedia("(min-width: 768px)");
const MOST_OPEN = 40; // sensors of a grid that is open by itself: a longer one would push the chart out of sight
/** @type {any} What is looked at: all of it stands in the address. */
let view = read();
/** @type {any} */
let found = null; // the answer of the grid
/** @type {any} */
let run = null;
let turn = 0; // grows whenever another detection is looked at: late answers are dropped
let grids = 0; // the same of the grid
let unfolded = ""; // the detection whose grid was opened or folded by its size
let series = 0; // and of the indicator

function read() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(FIELDS.map((name) => [name, query.get(name)]));
}

const address = () => `/trends?${queryOf(Object.fromEntries(FIELDS.map((name) => [name, view[name] || null])))}`;

function write(push) {
  if (address() === location.pathname + location.search) return;
  if (push) history.pushState(null, "", address());
  else history.replaceState(null, "", address());
}

// Another data set: its newest finished detection, unless the address names one.
async function showDataset(dataset) {
  const mine = ++turn;
  clearProblem();
  runs.leave();
  byId("nothing").hidden = true;
  try {
    const { runs: all } = await ask(`/runs?kind=detection&limit=100&dataset=${encodeURIComponent(dataset.id)}`);
    if (mine !== turn) return;
    const done = all.filter(({ state }) => state === "done");
    const going = all.find(runs.unfinished);
    offerRuns(done);
    run = done.find(({ id }) => id === view.run) ?? done[0] ?? null;
    if (run) await showRun(mine);
    else if (going) await followed(going, mine);
    else nothing();
  } catch (problem) {
    fail(problem, mine);
  }
}

function fail(problem, mine = turn) {
  if (mine !== turn) return;
  byId("shown").setAttribute("aria-busy", "false");
  showProblem(problem);
}

/**
 * Without a finished detection, or without wafers.
 *
 * @param {any} [problem] why there is nothing to show
 */
function nothing(problem = null) {
  byId("shown").hidden = true;
  byId("nothing").hidden = false;
  byId("nothing-title").textContent = problem ? problem.message : text("No detection yet");
  byId("nothing-text").textContent = problem
    ? problem.hint
    : text(
        "Trends show the wafers of a finished detection against the limits that it learnt, and these data have none.",
      );
  byId("sentence").textContent = text("Trends");
  byId("about").textContent = "";
}

function offerRuns(done) {
  const titles = done.map(({ id, options, summary, finished, created }) => {
    const who = summary.monitor ?? page.detectors[options.detector] ?? options.detector;
    return element("option", { value: id, content: `${localTime(finished ?? created)}, ${who}` });
  });
  byId("run").replaceChildren(...titles);
}

async function detect(body, more = {}) {
  const mine = ++turn;
  clearProblem();
  byId("nothing").hidden = true;
  try {
    await followed(await runs.start(body), mine, more);
  } catch (problem) {
    fail(problem, mine);
  }
}

async function followed(started, mine, more = {}) {
  const ended = await runs.follow(started);
  if (ended === null || mine !== turn) return;
  Object.assign(view, { run: ended.id, wafer: null, keep: null, ...more });
  write(true);
  await showDataset(data.chosen());
}

async function showRun(mine = ++turn) {
  view.run = run.id;
  byId("run").value = run.id;
  byId("shown").setAttribute("aria-busy", "true");
  try {
    await showGrid(mine); // what is under the sentence is seen once its height is known: nothing moves
    if (mine === turn) byId("shown").hidden = false;
    if (mine === turn) await showSeries({ push: false });
    if (mine === turn && view.wafer) await trace.show(view, found);
  } catch (problem) {
    if (mine === turn && problem.status === 422 && found === null) nothing(problem);
    else fail(problem, mine);
  } finally {
    if (mine === turn) byId("shown").setAttribute("aria-busy", "false");
  }
}

async function showGrid(mine = turn) {
  const latest = ++grids;
  if (found?.run !== run.id) found = null;
  byId("last").value = view.last ?? "";
  const query = queryOf({ last: view.last || null, search: byId("search").value || null });
  const answer = await ask(`/runs/${encodeURIComponent(run.id)}/trends?${query}`);
  if (mine !== turn || latest !== grids) return;
  found = answer;
  byId("sentence").textContent = answer.sentence;
  byId("about").textContent = answer.about;
  if (!view.step && !view.sensor) open(answer.worst[0] ?? answer.cells[0] ?? answer.far[0] ?? firstPlace(answer));
  if (unfolded !== run.id) byId("grid-fold").open = DESK.matches && answer.sensors.length <= MOST_OPEN;
  unfolded = run.id;
  grid.show(answer, view);
  coverage.show(answer);
  offer();
}

// Of data in which nothing differs.
const firstPlace = ({ sensors, steps, recipes_of: recipes }) => ({
  sensor: sensors[0]?.sensor,
  step: steps[0],
  recipe: recipes[steps[0]]?.[0],
  statistic: "mean",
});

function open(place) {
  const { sensor, step, recipe, statistic } = place;
  Object.assign(view, { sensor, step, recipe, stat: statistic });
}

// What can be chosen, in the words of the data.
function offer() {
  const sensor = found.sensors.find((one) => one.sensor === view.sensor) ?? found.sensors[0];
  if (!sensor) return;
  if (!sensor.statistics.includes(view.stat)) view.stat = sensor.statistics[0];
  const named = (names) => names.map((name) => [name, name || text("(empty)")]);
  fill("chamber", [["", text("each of them")], ...named(found.chambers.map(({ name }) => name))], view.chamber ?? "");
  fill("recipe", named(found.recipes), view.recipe);
  fill("step", named(found.steps), view.step);
  fill(
    "sensor",
    found.sensors.map((one) => [one.sensor, one.title]),
    view.sensor,
  );
  fill(
    "statistic",
    sensor.statistics.map((one) => [one, found.statistics[one] ?? one]),
    view.stat,
  );
  byId("chamber-field").hidden = found.chambers.length < 2;
  byId("recipe-field").hidden = found.recipes.length < 2;
  byId("step-field").hidden = found.steps.length < 2;
  byId("statistic-field").hidden = sensor.statistics.length < 2;
}

function fill(id, options, wanted) {
  byId(id).replaceChildren(...options.map(([value, content]) => element("option", { value, content })));
  if (wanted !== null && wanted !== undefined) byId(id).value = wanted;
}

const seriesQuery = () => ({
  step: view.step ?? "",
  sensor: view.sensor,
  recipe: view.recipe ?? "",
  statistic: view.stat,
  equipment: view.chamber || null,
  rules: view.rules || null,
  lower: view.lower || null,
  upper: view.upper || null,
  start: view.from || null,
  end: view.to || null,
});

async function showSeries({ push = true } = {}) {
  const [mine, latest] = [turn, ++series];
  if (!view.sensor) return;
  write(push);
  clearProblem();
  const query = seriesQuery();
  const [answer, listed] = await Promise.all([
    ask(`/runs/${encodeURIComponent(run.id)}/trends/series?${queryOf(query)}`),
    marks.listed(data.chosen().id),
  ]);
  if (mine !== turn || latest !== series) return;
  byId("trend-title").textContent = answer.title;
  const sentences = answer.panels.map(({ said }) => said);
  if (answer.panels.length < answer.panels_total)
    sentences.unshift(
      text("{shown} of {all} chambers are drawn: those with most wafers beyond a limit.", {
        shown: whole(answer.panels.length),
        all: whole(answer.panels_total),
      }),
    );
  byId("panels").replaceChildren(...sentences.map((content) => element("li", { content })));
  grid.mark(view);
  limits.show(answer, view);
  table.show(answer, run.id, query);
  marks.show(data.chosen().id, listed, markActs);
  await chart.show(answer, view);
}

const markActs = {
  changed: () => showSeries({ push: false }).catch(fail),
  again: (mark) => detect({ ...limits.questionOf(run), reference_start: mark.start, reference_end: mark.end }),
  fail,
};

async function choose(change, { forget = false } = {}) {
  Object.assign(view, change);
  if (forget) {
    Object.assign(view, { wafer: null, keep: null, lower: null, upper: null });
    trace.close();
  }
  offer();
  await showSeries().catch(fail);
}

async function openWafer(number) {
  view.wafer = String(number);
  write(true);
  chart.ring(view.wafer);
  await trace.show(view, found).catch(fail);
}

async function markChosen(kind, chosen) {
  const { start, end, equipment, wafers } = chosen;
  try {
    await marks.keep(data.chosen().id, {
      kind,
      start,
      ...(kind === "pm" && wafers.length ? {} : { end, wafers }),
      ...(equipment ? { equipment } : {}),
    });
    await showSeries({ push: false });
  } catch (problem) {
    fail(problem);
  }
}

grid.onPlace((place) => {
  open(place);
  choose({}, { forget: true }).then(() => byId("trend").scrollIntoView({ block: "nearest" }));
});
chart.onWafer(openWafer);
chart.onRange((from, to) => {
  if (!chart.zoomed({ from, to })) {
    choose({ from, to });
    return;
  }
  Object.assign(view, { from, to });
  write(true);
});
chart.onMark(markChosen);
trace.onChange((change) => {
  Object.assign(view, change);
  write(true);
  chart.ring(view.wafer);
  if (view.wafer) trace.show(view, found).catch(fail);
});
limits.onChange((change) => choose(change));
limits.onDetect((bounds) => {
  const { sensor, stat: statistic, recipe, step } = view;
  const named = Object.fromEntries(Object.entries({ recipe, step }).filter(([, name]) => name));
  const typed = { sensor, statistic, ...named, ...bounds };
  const same = (one) =>
    ["sensor", "statistic", "recipe", "step"].every((name) => (one[name] ?? null) === (typed[name] ?? null));
  const question = limits.questionOf(run);
  const others = (question.limits ?? []).filter((one) => !same(one));
  detect({ ...question, limits: [...others, typed] }, { lower: null, upper: null });
});
byId("chamber").addEventListener("change", () => choose({ chamber: byId("chamber").value }));
for (const id of ["recipe", "step", "sensor"]) {
  byId(id).addEventListener("change", () => choose({ [id]: byId(id).value }, { forget: true }));
}
byId("statistic").addEventListener("change", () => choose({ stat: byId("statistic").value, lower: null, upper: null }));
byId("last").addEventListener("change", () => {
  view.last = byId("last").value;
  showGrid()
    .then(() => write(true))
    .catch(fail);
});
byId("search").addEventListener("change", () => showGrid().catch(fail));
byId("run").addEventListener("change", () => {
  Object.assign(view, { run: byId("run").value, wafer: null, keep: null });
  showDataset(data.chosen());
});
byId("detect").addEventListener("click", () => detect({ dataset: data.chosen().id }));
coverage.onLearn(() => {
  const { monitor, ...question } = limits.questionOf(run);
  detect({ ...question, ...coverage.FROM_ALL });
});
byId("scope").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("popstate", () => {
  view = read();
  trace.close();
  showDataset(data.chosen());
});
let first = true;
data.onDataset((dataset) => {
  if (!first) view = { ...Object.fromEntries(FIELDS.map((name) => [name, null])), last: view.last };
  first = false;
  trace.close();
  showDataset(dataset).then(() => announce(byId("sentence").textContent));
});
data.startWithRun(new URLSearchParams(location.search));
