// The PM check page: is the tool back? A sentence, the sensors that are not, a grid, and both sides of one indicator.
import { announce, ask, clearProblem, queryOf, showProblem } from "../api.js";
import { draw, drawAll } from "../charts/chart.js";
import { enter, walkable } from "../charts/grid.js";
import { keep, place } from "../charts/marks.js";
import { spark } from "../charts/spark.js";
import * as data from "../datasets.js";
import { byId, element, text, whole } from "../text.js";

const FIELDS = ["chamber", "at", "tolerances", "recipe", "step", "sensor", "stat"];
const STATISTICS = { mean: text("mean"), spread: text("spread"), max: text("highest") };
const grid = byId("grid");
/** @type {any} */
let view = read();
/** @type {any[]} */
let proposals = [];
/** @type {any} */
let found = null;
let turn = 0; // grows whenever another maintenance is looked at: late answers are dropped
let opened = 0; // the same of the indicator below the grid

function read() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(FIELDS.map((name) => [name, query.get(name)]));
}

function write(push) {
  const named = { dataset: data.chosen().id, ...Object.fromEntries(FIELDS.map((name) => [name, view[name] || null])) };
  const address = `/pm?${queryOf(named)}`;
  if (address === location.pathname + location.search) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

const base = (rest = "") => `/datasets/${encodeURIComponent(data.chosen().id)}/before-after${rest}`;
const question = () => ({ at: view.at, equipment: view.chamber || null, tolerances: view.tolerances || null });

async function showDataset() {
  const mine = ++turn;
  clearProblem();
  hide();
  try {
    const answer = await ask(`/datasets/${encodeURIComponent(data.chosen().id)}/maintenance`);
    if (mine !== turn) return;
    proposals = answer.proposals;
    if (!answer.chambers.includes(view.chamber)) view.chamber = view.at ? null : (proposals[0]?.equipment ?? null);
    view.chamber ??= answer.chambers[0] ?? null;
    byId("chamber").replaceChildren(
      ...answer.chambers.map((name) => element("option", { value: name, content: name })),
    );
    byId("chamber").value = view.chamber;
    byId("chamber-field").hidden = answer.chambers.length < 2;
    await showChamber(mine);
  } catch (problem) {
    if (mine === turn) showProblem(problem);
  }
}

// When it may have been, on this chamber; else the time is typed.
async function showChamber(mine = ++turn) {
  const mineOnly = proposals.filter(({ equipment }) => equipment === null || equipment === view.chamber);
  const options = mineOnly.map(({ at, title }) => [at, `${place(at)} · ${title}`]);
  if (!view.at) view.at = mineOnly[0]?.at ?? null;
  if (view.at && !options.some(([at]) => at === view.at)) options.push([view.at, place(view.at)]);
  byId("proposal").replaceChildren(
    ...[...options, ["", text("another time")]].map(([value, content]) => element("option", { value, content })),
  );
  byId("proposal").value = view.at ?? "";
  byId("at").value = view.at ? place(view.at) : "";
  byId("tolerances").value = view.tolerances ?? "";
  byId("typed").hidden = Boolean(view.at) && !view.tolerances;
  if (view.at) await check(mine);
  else nothing();
}

function hide() {
  byId("shown").hidden = true;
  byId("one").hidden = true;
}

function nothing() {
  hide();
  byId("word").className = "verdict-word";
  byId("word").textContent = text("When was the maintenance?");
  byId("sentence").textContent = text(
    "No mark and no long pause of this chamber was found: type the time, or mark it on Trends.",
  );
  byId("counted").textContent = "";
  byId("about").textContent = "";
}

async function compared(mine) {
  try {
    return await ask(`${base()}?${queryOf(question())}`);
  } catch (problem) {
    if (mine === turn) byId("about").textContent = "";
    throw problem;
  }
}

async function check(mine = ++turn, push = false) {
  write(push);
  clearProblem();
  byId("about").textContent = text("Comparing …");
  const answer = await compared(mine);
  if (mine !== turn) return;
  found = answer;
  byId("word").className = `verdict-word ${answer.verdict}`;
  byId("word").textContent = `${answer.sign} ${answer.word}`;
  document.title = `${answer.sign} ${view.chamber ?? ""} · ${text("PM check")} · waferwatch`;
  byId("sentence").textContent = answer.sentence;
  byId("counted").textContent = answer.counted.join(" · ");
  byId("about").textContent = answer.about;
  byId("lines").replaceChildren(...answer.lines.map(line));
  byId("lines").parentElement.classList.toggle("all-back", !answer.lines.length);
  if (!answer.lines.length)
    byId("lines").replaceChildren(element("li", { content: text("Nothing: every indicator is back.") }));
  showGrid();
  for (const format of ["csv", "xlsx"]) byId(format).href = `${base("/export")}?${queryOf({ ...question(), format })}`;
  offerRebases();
  byId("mark").disabled = false;
  byId("shown").hidden = false;
  announce(`${answer.word}. ${answer.sentence}`);
  const first = answer.lines[0] ?? answer.cells[0];
  if (!view.sensor && first) Object.assign(view, placeOf(first));
  if (view.sensor) await showOne();
}

// Of the monitors that watch this chamber.
function offerRebases() {
  const query = queryOf({ dataset: found.dataset, since: view.at });
  for (const link of /** @type {NodeListOf<any>} */ (document.querySelectorAll(".rebase"))) {
    link.href = `${link.pathname}?${query}#rebase-form`;
    link.hidden = !JSON.parse(link.dataset.watched).includes(view.chamber ?? "");
  }
}

const placeOf = ({ sensor, step, recipe, statistic }) => ({ sensor, step, recipe, stat: statistic });

function line(one) {
  const button = element(
    "button",
    { type: "button", className: `line ${one.verdict}` },
    element("span", { className: "line-sign", "aria-hidden": "true", content: one.sign }),
    element("span", {}, element("b", { content: one.title }), ` · ${one.word}`),
    element("span", { className: "line-said", content: one.said }),
    spark(one.spark),
  );
  button.addEventListener("click", () => open(one));
  return element("li", { className: one.verdict }, button);
}

function showGrid() {
  const cells = new Map(found.cells.map((cell) => [JSON.stringify([cell.sensor, cell.step]), cell]));
  const titles = found.steps.map((step) => element("th", { scope: "col", content: step || text("(no step)") }));
  const head = element("tr", {}, element("th", { scope: "col", content: text("Sensor") }), ...titles);
  const lines = found.sensors.map(({ sensor, title }) => {
    const own = found.steps.map((step) => gridCell(cells.get(JSON.stringify([sensor, step]))));
    return element("tr", {}, element("th", { scope: "row", content: title }), ...own);
  });
  grid.replaceChildren(element("thead", {}, head), element("tbody", {}, ...lines));
  enter(grid, grid.querySelector("td"));
  byId("signs").textContent = Object.values(found.signs).join(" · ");
}

function gridCell(cell) {
  if (!cell) return element("td", { className: "none", tabindex: "-1", "aria-label": text("nothing compared") });
  const after = cell.settled_after === null ? "" : ` ${whole(cell.settled_after)}`;
  const made = element("td", {
    className: cell.verdict,
    tabindex: "-1",
    title: cell.said,
    "aria-label": cell.said,
    content: `${cell.sign}${after}`,
  });
  made.addEventListener("click", () => open(cell));
  return made;
}

async function open(cell) {
  Object.assign(view, placeOf(cell));
  write(true);
  await showOne().catch(showProblem);
  byId("one").scrollIntoView({ block: "nearest" });
}

async function showOne() {
  const [mine, latest] = [turn, ++opened];
  const { sensor, step, recipe, stat: statistic } = view;
  const query = { ...question(), sensor, step: step ?? "", recipe: recipe ?? "", statistic };
  const answer = await ask(`${base("/indicator")}?${queryOf(query)}`);
  if (mine !== turn || latest !== opened) return;
  byId("one").hidden = false;
  byId("one-title").textContent = answer.title;
  byId("one-said").textContent = answer.said;
  byId("statistic").hidden = statistic === "length";
  byId("statistic").replaceChildren(
    ...Object.entries(STATISTICS).map(([value, content]) => element("option", { value, content })),
  );
  byId("statistic").value = statistic;
  for (const id of ["check-trend", "check-trace"]) byId(id).style.height = "300px";
  byId("check-trace").hidden = !answer.trace;
  await draw(byId("check-trend"), answer.trend);
  if (answer.trace) await draw(byId("check-trace"), answer.trace);
}

walkable(grid, (cell) => cell.click());
byId("statistic").addEventListener("change", () => {
  view.stat = byId("statistic").value;
  write(true);
  showOne().catch(showProblem);
});
byId("chamber").addEventListener("change", () => {
  view = { ...view, chamber: byId("chamber").value, at: null, sensor: null };
  showChamber().catch(showProblem);
});
byId("proposal").addEventListener("change", () => {
  view = { ...view, at: byId("proposal").value || null, sensor: null };
  byId("typed").hidden = Boolean(view.at);
  if (view.at) check(++turn, true).catch(showProblem);
  else byId("at").focus();
});
byId("typed").addEventListener("submit", (event) => {
  event.preventDefault();
  view = { ...view, at: byId("at").value.trim() || null, tolerances: byId("tolerances").value.trim(), sensor: null };
  if (view.at) check(++turn, true).catch(showProblem);
  else byId("at").focus();
});
byId("print").addEventListener("click", () => drawAll().then(() => window.print()));
byId("mark").addEventListener("click", () =>
  keep(found.dataset, { kind: "pm", start: view.at, ...(view.chamber ? { equipment: view.chamber } : {}) })
    .then(() => {
      byId("mark").disabled = true;
    })
    .catch(showProblem),
);
byId("scope").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("popstate", () => {
  view = read();
  showDataset();
});
let first = true;
data.onDataset(() => {
  if (!first) view = Object.fromEntries(FIELDS.map((name) => [name, null]));
  first = false;
  showDataset();
});
data.start();
