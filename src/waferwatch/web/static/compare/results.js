// What a comparison found: the verdict in sentences, then its parts, and how it was made.
import { ask, showProblem } from "../api.js";
import { draw, drawAll } from "../charts/chart.js";
import * as runs from "../run.js";
import { sortable } from "../table.js";
import { byId, element, isTime, significant, text, time, whole } from "../text.js";
import { showGrid, showInjected } from "./faults.js";
import { showTable, titleOf } from "./table.js";

/** @type {any} */
let shown = null; // the answer on the page

export async function showComparison(answer) {
  shown = answer;
  const compared = answer.rows.length > 0;
  byId("detectors-panel").hidden = !compared;
  byId("agreement-panel").hidden = !compared;
  byId("curves-panel").hidden = !answer.figures.curves;
  byId("faults-panel").hidden = answer.faults === null;
  showVerdict(answer);
  showTable(answer);
  showGrid(answer, open);
  if (compared) offerPairs(answer.agreement);
  if (answer.faults) showInjected(answer.faults);
  showHow(answer);
  for (const [id, figure] of Object.entries(answer.figures)) if (figure) await draw(byId(id), figure);
}

function showVerdict({ run, verdict, sentences: [head, ...why] }) {
  byId("verdict").className = `panel keep keep-${verdict.answer}`;
  byId("verdict-line").textContent = head;
  byId("verdict-why").textContent = why.join(" ");
  for (const format of ["csv", "xlsx", "json"])
    byId(`export-${format}`).href = `/runs/${encodeURIComponent(run)}/comparison/export?format=${format}`;
}

function showHow({ resampling, rows, faults, run }) {
  const ran = rows.filter((row) => !row.failure).map((row) => `${titleOf(row.detector)}: ${row.model}, ${row.device}`);
  const lines = [
    ...(resampling
      ? [
          text(
            "Intervals: faults found by Wilson, false events by the exact Poisson interval, VUS-PR and differences by paired bootstrap over blocks ({draws} draws, seed {seed}; {faulty} blocks with a fault, {clean} without).",
            {
              draws: whole(resampling.draws),
              seed: resampling.seed,
              faulty: whole(resampling.faulty_blocks),
              clean: whole(resampling.blocks - resampling.faulty_blocks),
            },
          ),
          text(
            "Labelled rows are merged to faults as flagged rows are to events. A fault is found when a flagged row lies in it; an event is false when none of its rows does.",
          ),
        ]
      : []),
    text(
      "Better or worse needs a sure difference (95 %) of at least 0.02 VUS-PR, or of one fault in 20 by the exact sign test.",
    ),
    ...(faults ? [text("Injected faults: seed {seed}.", { seed: faults.seed })] : []),
    ...ran,
    text("Run {id}", { id: run }),
  ];
  byId("how").replaceChildren(...lines.map((line) => element("li", { content: line })));
}

// The pairs of detectors whose missed events are listed.
function offerPairs({ detectors }) {
  const option = (name) => element("option", { value: name, content: titleOf(name) });
  byId("found-by").replaceChildren(...detectors.map(option));
  byId("missed-by").replaceChildren(...detectors.map(option));
  byId("missed-by").selectedIndex = Math.min(1, detectors.length - 1);
  showMissed();
}

const missedBy = (count, names) =>
  text("{count} events of {found} were missed by {missed}.", { count: whole(count), ...names });

function showMissed() {
  const { detectors, missed, events } = shown.agreement;
  const [found, other] = [byId("found-by").value, byId("missed-by").value];
  const all = missed[detectors.indexOf(found)][detectors.indexOf(other)];
  const listed = events.filter((event) => event.detector === found && event.missed_by.includes(other));
  const names = { found: titleOf(found), missed: titleOf(other) };
  const some = all === 1 ? text("1 event of {found} was missed by {missed}.", names) : missedBy(all, names);
  const about = all ? some : text("{missed} missed no event of {found}.", names);
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

for (const id of ["found-by", "missed-by"]) byId(id).addEventListener("change", showMissed);
byId("print").addEventListener("click", () => drawAll().then(() => window.print()));
