// The Groups page: which data set, which detection on it, which columns; then everything that is counted by them.
import { announce, ask, clearProblem, showNotes, showProblem } from "../api.js";
import { clear, draw, onEvent } from "../charts/chart.js";
import * as data from "../datasets.js";
import { offerExport } from "../exports.js";
import * as runs from "../run.js";
import { sortable } from "../table.js";
import { byId, element, localTime, page, percent, significant, text, whole } from "../text.js";
import * as heat from "./heat.js";
import * as overlay from "./overlay.js";
import { open } from "./rows.js";

const query = new URLSearchParams(location.search);
const wished = {
  by: query.get("by"),
  second: query.get("and"),
  sensor: query.get("sensor"),
  order: query.get("order"),
};
let groups = []; // as they are drawn, from top to bottom
let unit = ""; // what was counted: runs or events
let turn = 0; // grows whenever something else is looked at: late answers are dropped

const number = (title, value, cell, className = "number") => ({ title, value, cell, className, first: -1 });
const columns = () => [
  { title: byId("by").value, value: ({ value }) => value, cell: (group) => opener(group) },
  number(
    text("Rows"),
    ({ rows }) => rows,
    ({ rows }) => whole(rows),
  ),
  number(
    text("Flagged"),
    ({ anomalies }) => anomalies,
    ({ anomalies }) => whole(anomalies),
    "number wide",
  ),
  number(
    text("Anomalous"),
    ({ ratio }) => ratio,
    ({ ratio }) => percent(ratio, 2),
  ),
  { title: text("Differs"), value: (group) => group.p_value, cell: (group) => difference(group) },
  number(
    text("95 % interval"),
    ({ low }) => low,
    ({ low, high }) => `${percent(low, 2)} – ${percent(high, 2)}`,
    "number wide",
  ),
  number(
    text("Events"),
    ({ events }) => events,
    ({ events }) => whole(events),
    "number wide",
  ),
  number(
    text("Mean score"),
    (group) => group.mean_score,
    (group) => significant(group.mean_score),
    "number wide",
  ),
];

function opener(group) {
  const button = element("button", { type: "button", className: "open", content: group.value ?? text("(empty)") });
  button.addEventListener("click", () => openRows(group));
  return button;
}

const openRows = (group) => group && open(byId("run").value, [[byId("by").value, group.value]], group.anomalies > 0);

function difference({ differs, units, hits, p_value: chance }) {
  const values = { hits: whole(hits), units: whole(units) };
  const counted =
    unit === "run" ? text("Flagged in {hits} of {units} runs", values) : text("{hits} events in {units} rows", values);
  const p = chance < 0.001 ? "p < 0.001" : `p = ${significant(chance, 2)}`;
  return element("span", {
    className: `differs ${differs ?? ""}`,
    content: { higher: text("▲ more"), lower: text("▼ less") }[differs] ?? text("no"),
    title: `${counted}, ${p}`,
  });
}

// Another data set: its finished detections, the newest first.
async function showDataset(dataset) {
  const mine = ++turn;
  clearProblem();
  showNotes([]);
  runs.leave();
  hideResult();
  byId("nothing").hidden = true;
  try {
    const { runs: all } = await ask(`/runs?kind=detection&limit=100&dataset=${encodeURIComponent(dataset.id)}`);
    if (mine !== turn) return;
    const wanted = query.get("run");
    query.delete("run");
    offer(
      "run",
      all.filter((run) => run.state === "done").map((run) => ({ value: run.id, title: runTitle(run) })),
      wanted,
    );
    const going = all.find(runs.unfinished);
    if (byId("run").value) await showRun(mine);
    else if (going) await follow(going, mine);
    else byId("nothing").hidden = false;
  } catch (problem) {
    if (mine === turn) showProblem(problem);
  }
}

const runTitle = (run) =>
  text("{time}, {share} flagged, {detector}", {
    detector: page.detectors[run.options.detector] ?? run.options.detector,
    share: percent(run.summary.anomalies / (run.summary.rows || 1), 1),
    time: localTime(run.finished ?? run.created),
  });

function hideResult() {
  byId("found").hidden = true;
  overlay.forget();
}

async function detect() {
  const mine = ++turn;
  clearProblem();
  byId("nothing").hidden = true;
  try {
    await follow(await runs.start({ dataset: data.chosen().id }), mine);
  } catch (problem) {
    if (mine !== turn) return;
    showProblem(problem);
    byId("nothing").hidden = false;
  }
}

async function follow(run, mine) {
  const ended = await runs.follow(run);
  if (ended === null || mine !== turn) return;
  offer("run", [{ value: ended.id, title: runTitle(ended) }], ended.id);
  await showRun(mine);
}

function offer(id, options, wanted) {
  const select = byId(id);
  select.replaceChildren(...options.map(({ value, title }) => element("option", { value, content: title })));
  if (options.some(({ value }) => value === wanted)) select.value = wanted;
}

const named = (names) => names.map((name) => ({ value: name, title: name }));

// Another detection: its columns and sensors are offered, the most telling sensor first.
async function showRun(mine) {
  const dataset = data.chosen();
  const names = data.groupsOf(dataset);
  offer("by", named(names), wished.by);
  offer(
    "second",
    [{ value: "", title: "–" }, ...named(names)],
    wished.second ?? names.find((name) => name !== byId("by").value) ?? "",
  );
  offer("sensor", named(data.sensorsOf(dataset)), wished.sensor);
  byId("order").value = wished.order ?? "share";
  const sensor = wished.sensor && byId("sensor").value === wished.sensor ? wished.sensor : null;
  Object.assign(wished, { by: null, second: null, sensor: null, order: null });
  overlay.forget();
  await show(mine, sensor);
}

async function show(mine = ++turn, sensor = byId("sensor").value) {
  const run = byId("run").value;
  try {
    const laid = await overlay.show(run, sensor, data.groupsOf(data.chosen()));
    if (mine !== turn) return;
    byId("sensor").value = laid.sensor;
    await showGroups(run, mine);
    if (mine === turn) await laid.put();
  } catch (problem) {
    if (mine !== turn) return;
    hideResult();
    showProblem(problem);
  }
}

async function showGroups(run, mine) {
  const [by, second, sensor, order] = ["by", "second", "sensor", "order"].map((id) => byId(id).value);
  const chosen = Object.entries({ by, and: second === by ? "" : second, sensor, order }).filter(([, value]) => value);
  const path = `/runs/${encodeURIComponent(run)}/groups`;
  const answer = await ask(`${path}?${new URLSearchParams(chosen)}`);
  if (mine !== turn) return;
  offerExport("groups-export", `${path}/export`, chosen);
  history.replaceState(null, "", `/problems/groups?${new URLSearchParams([["run", run], ...chosen])}`);
  await put(answer);
}

async function put(answer) {
  groups = answer.groups;
  unit = answer.unit;
  byId("found").hidden = false;
  const last = answer.sentences.length - 1;
  byId("sentences").replaceChildren(
    ...answer.sentences.map((sentence, at) =>
      element("li", { className: at && at === last ? "basis" : "", content: sentence }),
    ),
  );
  const notes = [];
  if (groups.length < answer.groups_total)
    notes.push(
      text("The first {shown} of {all} groups are listed.", {
        shown: whole(groups.length),
        all: whole(answer.groups_total),
      }),
    );
  if (groups.length > answer.drawn)
    notes.push(text("The charts show the first {count}.", { count: whole(answer.drawn) }));
  byId("groups-note").textContent = notes.join(" ");
  sortable(byId("groups"), columns()).show(groups);
  heat.show(answer.crossing, answer.by, answer.second);
  for (const [id, figure] of Object.entries(answer.figures ?? { share: null, score: null, sensor: null }))
    await chart(byId(`${id}-chart`), figure);
  announce(answer.sentences[0]);
}

async function chart(target, figure) {
  target.hidden = !figure;
  if (!figure) {
    clear(target);
    return;
  }
  onEvent(target, "plotly_click", ({ points }) => openRows(groups[Math.round(points[0].y)]));
  await draw(target, figure);
}

byId("detect").addEventListener("click", detect);
byId("settings").addEventListener("submit", (event) => event.preventDefault());
byId("run").addEventListener("change", () => {
  clearProblem();
  showRun(++turn);
});
for (const id of ["by", "second", "sensor", "order"]) {
  byId(id).addEventListener("change", () => {
    clearProblem();
    show();
  });
}
heat.onCell((first, second, flagged) =>
  open(
    byId("run").value,
    [
      [byId("by").value, first],
      [byId("second").value, second],
    ],
    flagged,
  ),
);
overlay.onChange(() => show());
data.onDataset(showDataset);

data.startWithRun(query);
