// The groups and compare tabs.
import { ask, showProblem } from "./api.js";
import { clear, draw } from "./chart.js";
import { groupsOf, sensorsOf } from "./data.js";
import { byId, decimals, element, page, percent, seconds, significant, text, whole } from "./text.js";

const state = { body: null, shown: false, asked: 0 };

function table(target, heads, rows) {
  const head = element("tr", {}, ...heads.map(([title, kind]) => element("th", { scope: "col", className: kind, content: title })));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, at) => element("td", { className: heads[at][1], content: cell }))));
  target.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

// Called after each detection with what was asked for.
export function offerGroups(dataset, body) {
  Object.assign(state, { body, shown: false });
  const option = (column) => element("option", { value: column, content: column });
  byId("group-by").replaceChildren(...groupsOf(dataset).map(option));
  byId("group-sensor").replaceChildren(element("option", { value: "", content: "–" }), ...sensorsOf(dataset).map(option));
  clear(byId("groups-chart"));
  clear(byId("compare-chart"));
  byId("compare-chart").hidden = true;
  for (const id of ["groups", "comparison"]) byId(id).replaceChildren();
  for (const id of ["groups-note", "compare-note"]) byId(id).textContent = "";
  if (byId("groups-tab").classList.contains("active")) showGroups();
}

async function showGroups() {
  const column = byId("group-by").value;
  if (!column) {
    byId("groups-note").textContent = text("no_group");
    return;
  }
  state.shown = true;
  const turn = ++state.asked;
  const feature = byId("group-sensor").value;
  const body = { ...state.body, group_by: column, ...(feature ? { feature } : {}) };
  try {
    const answer = await ask("/group_analysis", { method: "POST", body });
    if (turn === state.asked) await putGroups(answer);
  } catch (problem) {
    showProblem(problem);
  }
}

async function putGroups({ group_by: column, feature, groups, groups_total: total, figure }) {
  const more = groups.length < total;
  byId("groups-note").textContent = more ? text("more_groups", { shown: whole(groups.length), all: whole(total) }) : "";
  const heads = [
    [column, ""],
    [text("rows"), "number"],
    [text("anomalies"), "number"],
    [text("share"), "number"],
    [text("interval"), "number wide"],
    [text("mean_score"), "number wide"],
    ...(feature ? [[text("sensor_mean"), "number wide"]] : []),
  ];
  table(
    byId("groups"),
    heads,
    groups.map((group) => [
      group.value ?? text("empty"),
      whole(group.rows),
      whole(group.anomalies),
      percent(group.ratio, 2),
      `${percent(group.low, 2)} – ${percent(group.high, 2)}`,
      significant(group.mean_score),
      ...(feature ? [`${significant(group.mean, 5)} ± ${significant(group.deviation)}`] : []),
    ]),
  );
  await draw(byId("groups-chart"), figure);
}

async function compare() {
  const button = byId("compare");
  button.disabled = true;
  byId("compare-spinner").hidden = false;
  const asked = state.body;
  const { detector, ...body } = asked; // every detector, the same settings
  try {
    const answer = await ask("/model_compare", { method: "POST", body });
    if (asked === state.body) await putComparison(answer);
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
    byId("compare-spinner").hidden = true;
  }
}

async function putComparison({ rows, figure }) {
  const labelled = rows.some((row) => row.f1 !== null);
  byId("compare-note").textContent = labelled ? "" : text("no_labels");
  const measures = labelled ? [["precision", text("precision")], ["recall", text("recall")], ["f1", text("f1")], ["auc_pr", "AUC-PR"], ["vus_pr", "VUS-PR"]] : [];
  const narrow = (name) => (["f1", "vus_pr"].includes(name) ? "number" : "number wide");
  table(
    byId("comparison"),
    [
      [text("detector"), ""],
      ...measures.map(([name, title]) => [title, narrow(name)]),
      [text("events"), labelled ? "number wide" : "number"],
      [text("share"), "number wide"],
      [text("seconds"), "number"],
    ],
    rows.map((row) => [
      page.detectors[row.detector] ?? row.detector,
      ...measures.map(([name]) => decimals(row[name], 3)),
      whole(row.events),
      percent(row.anomaly_ratio, 2),
      seconds(row.seconds),
    ]),
  );
  byId("compare-chart").hidden = false;
  await draw(byId("compare-chart"), figure);
}

export function start() {
  byId("groups-tab").addEventListener("shown.bs.tab", () => state.shown || showGroups());
  byId("group-by").addEventListener("change", showGroups);
  byId("group-sensor").addEventListener("change", showGroups);
  byId("compare").addEventListener("click", compare);
}
