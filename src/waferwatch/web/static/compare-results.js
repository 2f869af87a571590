// What a comparison found: verdict, table of detectors, agreement, missed events, injected faults.
import { ask, showProblem } from "./api.js";
import { draw } from "./chart.js";
import * as runs from "./run.js";
import { sortable } from "./table.js";
import {
  byId,
  counted,
  decimals,
  element,
  isTime,
  page,
  percent,
  seconds,
  significant,
  text,
  time,
  whole,
} from "./text.js";

const titleOf = (detector) => page.detectors[detector] ?? detector;
const orDash = (value, shown) => (value === null || value === undefined ? "–" : shown(value));
const points = (value) =>
  Number.isInteger(value)
    ? counted("{count} point", "{count} points", value)
    : text("{count} points", { count: significant(value) });
const megabytes = (bytes) => `${whole(bytes / 1e6)} MB`;
/** @type {any} */
let shown = null; // the answer on the page

export async function showComparison(answer) {
  shown = answer;
  showVerdict(answer);
  const compared = answer.rows.length > 0;
  for (const id of ["detectors-panel", "agreement-panel"]) byId(id).hidden = !compared;
  byId("faults-panel").hidden = answer.faults === null;
  if (compared) showDetectors(answer);
  if (compared) offerPairs(answer.agreement);
  if (answer.faults) showFaults(answer.faults);
  for (const [id, figure] of Object.entries(answer.figures)) if (figure) await draw(byId(id), figure);
}

const SIZES = { small: text("Small"), medium: text("Medium"), large: text("Large") };

const sourceOf = (source) =>
  source === "reference"
    ? text("Normal rows: the second half of the reference; the first half was learnt from.")
    : text(
        "Normal rows: those of the second half that no detector flags and no label names; the first half was learnt from.",
      );

const verdictLine = (answer, other) =>
  ({
    yes: text("Yes: MOMENT earns its keep on these data."),
    slightly: text("Yes, but by little: MOMENT does slightly better on these data."),
    tie: text("A tie: on these data MOMENT makes no difference that counts."),
    no: text("No: on these data {other} does better without MOMENT.", { other }),
    unknown: text("No verdict: MOMENT and another detector must both give a result."),
  })[answer];

const verdictBy = (measure, values) =>
  measure === "injected"
    ? text(
        "Injected faults found: MOMENT {moment}, {other} {value}, difference {difference}. What chance gives in one of twenty tests counts as a tie.",
        values,
      )
    : text(
        "VUS-PR against the labels: MOMENT {moment}, {other} {value}, difference {difference}. Less than 0.01 counts as a tie.",
        values,
      );

function showVerdict({ verdict, faults }) {
  const other = titleOf(verdict.other);
  const number = verdict.measure === "injected" ? (value) => percent(value, 0) : (value) => decimals(value, 3);
  byId("verdict").className = `panel keep keep-${verdict.answer}`;
  byId("verdict-line").textContent = verdictLine(verdict.answer, other);
  byId("verdict-why").textContent =
    verdict.measure === null
      ? ""
      : [
          verdictBy(verdict.measure, {
            other,
            moment: number(verdict.moment),
            value: number(verdict.other_value),
            difference: number(verdict.difference),
            allowed: faults ? percent(faults.allowed, 0) : "",
          }),
          verdict.other === "statistical"
            ? text("{other} is the same detector without the network.", { other })
            : text("{other} is the best of the detectors without MOMENT.", { other }),
          ...(verdict.better && verdict.better !== verdict.other
            ? [
                text("But {better} does better still, without MOMENT: {value}.", {
                  better: titleOf(verdict.better),
                  value: number(verdict.better_value),
                }),
              ]
            : []),
          text("This holds for these data and settings, not for others."),
        ].join(" ");
}

function showDetectors({ rows, labelled, faults }) {
  const recalls = new Map((faults?.detectors ?? []).map((one) => [one.detector, one.total.recall]));
  const measure = (name, title, className = "number") => ({
    title,
    className,
    first: -1,
    hidden: !labelled,
    value: (row) => row[name],
    cell: (row) => orDash(row[name], (value) => decimals(value, 3)),
  });
  const done = (row, value) => (row.failure ? null : value);
  const columns = [
    { title: text("Detector"), value: (row) => titleOf(row.detector), cell: detectorCell },
    measure("vus_pr", "VUS-PR"),
    measure("auc_pr", "AUC-PR", "number wide"),
    measure("f1", text("F1"), "number wide"),
    measure("precision", text("Precision"), "number wide"),
    measure("recall", text("Recall"), "number wide"),
    {
      title: text("Faults found"),
      className: "number",
      first: -1,
      hidden: !faults?.faults,
      value: (row) => recalls.get(row.detector) ?? null,
      cell: (row) => orDash(recalls.get(row.detector), (value) => percent(value, 0)),
    },
    {
      title: text("Events"),
      className: "number wide",
      value: (row) => done(row, row.events),
      cell: (row) => orDash(done(row, row.events), whole),
    },
    {
      title: text("Anomalous"),
      className: "number wide",
      value: (row) => done(row, row.anomaly_ratio),
      cell: (row) => orDash(done(row, row.anomaly_ratio), (value) => percent(value, 2)),
    },
    { title: text("Seconds"), className: "number", value: (row) => row.seconds, cell: (row) => seconds(row.seconds) },
    {
      title: text("Memory"),
      className: "number wide",
      value: (row) => row.peak_memory_bytes,
      cell: (row) => orDash(row.peak_memory_bytes, megabytes),
    },
  ];
  const best = columns.filter((column) => !column.hidden).findIndex((column) => column.first === -1);
  sortable(byId("comparison"), columns, { sort: best < 0 ? null : [best, -1] }).show(rows);
  byId("comparison-note").textContent = labelled
    ? ""
    : text("Without a label column there are no precision, recall and F1.");
}

function detectorCell(row) {
  const name = element("span", { content: titleOf(row.detector), title: row.model || row.detector });
  if (!row.failure) return name;
  return element("span", {}, name, element("span", { className: "failure", content: row.failure }));
}

// The pairs of detectors whose missed events are listed.
function offerPairs({ detectors }) {
  const option = (name) => element("option", { value: name, content: titleOf(name) });
  byId("found-by").replaceChildren(...detectors.map(option));
  byId("missed-by").replaceChildren(...detectors.map(option));
  byId("missed-by").selectedIndex = Math.min(1, detectors.length - 1);
  showMissed();
}

function showMissed() {
  const { detectors, missed, events } = shown.agreement;
  const [found, other] = [byId("found-by").value, byId("missed-by").value];
  const all = missed[detectors.indexOf(found)][detectors.indexOf(other)];
  const listed = events.filter((event) => event.detector === found && event.missed_by.includes(other));
  const names = { found: titleOf(found), missed: titleOf(other) };
  const about = all
    ? text("{count} events of {found} were missed by {missed}.", { count: whole(all), ...names })
    : text("{missed} missed no event of {found}.", names);
  byId("missed-note").textContent =
    listed.length < all ? `${about} ${text("Those with the highest peaks are listed.")}` : about;
  byId("missed").hidden = !listed.length;
  sortable(byId("missed"), [
    { title: text("Start"), value: (event) => event.start_row, cell: startButton },
    {
      title: text("Equipment"),
      className: "wide",
      value: (event) => event.equipment,
      cell: (event) => event.equipment ?? "–",
    },
    { title: text("Rows"), className: "number wide", value: (event) => event.rows, cell: (event) => whole(event.rows) },
    {
      title: text("Peak score"),
      className: "number wide",
      first: -1,
      value: (event) => event.peak_score,
      cell: (event) => significant(event.peak_score),
    },
    { title: text("Sensors"), cell: (event) => event.sensors.join(", ") },
    {
      title: text("Labelled"),
      className: "wide",
      hidden: listed.every((event) => event.labelled === null),
      value: (event) => Number(event.labelled),
      cell: (event) => (event.labelled ? text("yes") : text("no")),
    },
  ]).show(listed);
}

// When the event began; pressed, it opens the event.
function startButton(event) {
  const title = text("Open event {id} of {detector}", { id: event.event, detector: titleOf(event.detector) });
  const content = isTime(event.start) ? time(event.start) : significant(event.start, 12);
  const button = element("button", { type: "button", className: "open-event", content, title });
  button.addEventListener("click", () => open(event, button));
  return button;
}

// A comparison keeps no rows of its detections: the one asked for is made again, or found if it is there, and opened.
async function open(event, button) {
  const names = [
    "features",
    "threshold",
    "contamination",
    "false_alarms",
    "reference_rows",
    "reference_start",
    "reference_end",
  ];
  const wishes = Object.fromEntries(
    names.map((name) => [name, shown.options[name]]).filter(([, value]) => value !== null && value !== undefined),
  );
  const { filters, checkpoint } = shown.options;
  const body = {
    ...wishes,
    ...(shown.dataset === "demo" ? {} : { dataset: shown.dataset }),
    ...(filters && Object.keys(filters).length ? { filters } : {}),
    ...(checkpoint && ["moment", "moment_only"].includes(event.detector) ? { checkpoint } : {}),
    detector: event.detector,
  };
  button.disabled = true;
  try {
    const run = await runs.follow(await runs.start(body));
    if (run === null) return;
    const { events } = await ask(`/runs/${encodeURIComponent(run.id)}/result`);
    // Its threshold may have been moved since: then events have other numbers, but the peak is where it was.
    const same = events.find((one) => one.peak_row === event.peak_row);
    const id = encodeURIComponent(run.id);
    location.href = same ? `/problems/event?run=${id}&event=${same.id}` : `/problems?run=${id}`;
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
}

function showFaults({ faults, rows, rounds, allowed, source, detectors }) {
  const about = { faults: whole(faults), rows: whole(rows), rounds: whole(rounds), allowed: percent(allowed, 0) };
  byId("faults-charts").hidden = !faults;
  byId("faults-about").textContent = faults
    ? `${text("{faults} faults in {rows} normal rows, {rounds} rounds. Every detector may flag {allowed} of the rows without faults.", about)} ${sourceOf(source)}`
    : text("No fault found room in these data: more normal rows of sensors that move are needed.");
  if (!faults) return;
  const sizes = ["small", "medium", "large"].filter((size) => detectors.some((one) => one.sizes[size]));
  const share = (value) => orDash(value, (one) => percent(one, 0));
  const columns = [
    { title: text("Detector"), value: (one) => titleOf(one.detector), cell: detectorCell },
    {
      title: text("Faults found"),
      className: "number",
      first: -1,
      value: (one) => one.total.recall,
      cell: (one) => share(one.total.recall),
    },
    {
      title: text("95 % interval"),
      className: "number wide",
      value: (one) => one.low,
      cell: (one) => (one.low === null ? "–" : `${percent(one.low, 0)} – ${percent(one.high, 0)}`),
    },
    ...sizes.map((size) => ({
      title: SIZES[size],
      className: "number wide",
      first: -1,
      value: (one) => one.sizes[size]?.recall,
      cell: (one) => share(one.sizes[size]?.recall),
    })),
    {
      title: text("Delay"),
      className: "number",
      value: (one) => one.total.delay,
      cell: (one) => orDash(one.total.delay, points),
    },
    {
      title: text("False alarms"),
      className: "number wide",
      value: (one) => one.false_alarms,
      cell: (one) => orDash(one.false_alarms, (value) => percent(value, 2)),
    },
  ];
  sortable(byId("fault-table"), columns, { sort: [1, -1] }).show(detectors);
}

for (const id of ["found-by", "missed-by"]) byId(id).addEventListener("change", showMissed);
