// What a detection found: the tiles and the table of events.
import { around, choose, current, zoom } from "./series.js";
import { sortable } from "./table.js";
import { byId, counted, decimals, duration, element, isTime, moment, percent, seconds, significant, text, time, whole } from "./text.js";

const TOP_SENSORS = 3;
const WEEK_S = 604800;

export function showTiles(answer) {
  const tiles = [
    tile(text("rows"), whole(answer.rows), text("series", { count: whole(answer.series) })),
    tile(text("events"), whole(answer.events_total), counted("flagged", answer.anomalies), "alarm"),
    tile(text("share"), percent(answer.anomaly_ratio, 2), text(answer.threshold_by === "hand" ? "threshold_hand" : "threshold", { value: significant(answer.threshold, 4) })),
  ];
  if (answer.budget) tiles.push(budgetTile(answer.budget));
  if (answer.metrics) {
    const { precision, recall, f1 } = answer.metrics;
    tiles.push(tile(text("precision"), decimals(precision), text("labels")));
    tiles.push(tile(text("recall"), decimals(recall), `${text("f1")} ${decimals(f1)}`));
  }
  tiles.push(tile(text("time"), seconds(answer.seconds), text("per_second", { count: whole(answer.rows / Math.max(answer.seconds, 0.001)) })));
  const hash = answer.model_sha256 ? `${answer.model_sha256.slice(0, 8)} · ` : "";
  tiles.push(tile(text("model"), answer.model, `${hash}${answer.device}`, "tile-wide", "words"));
  byId("summary").replaceChildren(...tiles);
  byId("summary").hidden = false;
}

function budgetTile({ asked, achieved, achieved_false: wrong, judged_weeks: weeks }) {
  const values = { asked: significant(asked), count: significant(wrong), time: duration(weeks * WEEK_S) };
  return tile(text("per_week"), significant(achieved), text(wrong === null ? "budget_unlabelled" : "budget_labelled", values));
}

function tile(title, value, under, kind = "", words = "") {
  return element(
    "dl",
    { className: `tile mb-0 ${kind}` },
    element("dt", { content: title }),
    element("dd", { className: words, content: value }),
    element("dd", { className: "under", content: under }),
  );
}

const list = sortable(
  byId("events"),
  [
    { title: "#", value: (event) => event.id, cell: showButton },
    { title: text("kind"), value: (event) => event.kind, cell: (event) => element("span", { className: `kind kind-${event.kind}`, content: text(event.kind) }) },
    { title: text("start"), value: (event) => event.start, cell: startOf, className: "when" },
    { title: text("duration"), value: (event) => event.rows, cell: lengthOf, className: "wide short", first: -1 },
    { title: text("equipment"), value: (event) => event.equipment, cell: (event) => event.equipment ?? "", className: "wide short" },
    { title: text("lot"), value: (event) => event.lot, cell: (event) => event.lot ?? "", className: "wide short" },
    { title: text("peak"), value: (event) => event.peak_score, cell: (event) => significant(event.peak_score), className: "number wide", first: -1 },
    { title: text("sensors"), value: (event) => event.sensors[0]?.sensor, cell: sensors },
    { title: text("verdict"), value: (event) => event.verdict, cell: verdictOf, className: "wide" },
    { title: text("why"), cell: explain },
  ],
  { row: makeClickable },
);
let found = null;

export function showEvents(answer) {
  found = answer;
  filterEvents();
}

function filterEvents() {
  const kind = byId("event-kind").value;
  const wanted = byId("event-search").value.trim().toLowerCase();
  const words = (event) => [event.equipment, event.lot, event.note, ...Object.values(event.context), ...event.sensors.slice(0, TOP_SENSORS).map(({ sensor }) => sensor)];
  const fits = (event) => (!kind || event.kind === kind) && (!wanted || words(event).some((word) => word?.toLowerCase().includes(wanted)));
  const events = found.events.filter(fits);
  const all = found.events_total;
  const partly = events.length < all ? text(events.length < found.events.length ? "events_filtered" : "events_shown", { shown: whole(events.length), all: whole(all) }) : "";
  byId("events-note").textContent = all ? partly : text("no_events");
  list.show(events);
}

export function startEvents() {
  byId("event-kind").addEventListener("change", filterEvents);
  byId("event-search").addEventListener("input", filterEvents);
}

function showButton(event) {
  return element("button", { className: "show-event", type: "button", content: whole(event.id), "aria-label": text("show_event", { id: event.id }) });
}

function makeClickable(event, row) {
  row.dataset.event = event.id;
  row.addEventListener("click", (press) => press.target.closest("a") || showEvent(event, row));
}

function verdictOf(event) {
  if (!event.verdict) return "";
  return element("span", { className: `verdict ${event.verdict}`, content: text(event.verdict), title: event.note });
}

function explain(event) {
  const address = `/event?run=${encodeURIComponent(found.run)}&event=${event.id}`;
  return element("a", { href: address, content: text("explain"), "aria-label": text("explain_event", { id: event.id }) });
}

function startOf(event) {
  if (isTime(event.start)) return time(event.start);
  const { axis, firstRow } = current();
  return axis === "row" ? text("row", { row: whole(event.start_row + firstRow) }) : significant(event.start, 6);
}

function lengthOf(event) {
  const rows = counted("row_count", event.rows);
  if (!isTime(event.start)) return rows;
  const length = (moment(event.end) - moment(event.start)) / 1000;
  return length > 0 ? `${duration(length)} (${rows})` : rows;
}

function sensors(event) {
  const top = event.sensors.slice(0, TOP_SENSORS).filter((sensor, rank) => rank === 0 || sensor.share >= 0.05);
  const parts = top.map(({ sensor, share }, rank) =>
    element(
      "span",
      { className: rank ? "share wide" : "share" },
      element("b", { content: sensor }),
      element("span", { content: percent(share, 0) }),
    ),
  );
  return element("span", {}, ...parts);
}

async function showEvent(event, made) {
  for (const other of document.querySelectorAll("#events tr.chosen")) other.classList.remove("chosen");
  made.classList.add("chosen");
  const sensor = event.sensors[0]?.sensor;
  const range = around(event);
  byId("series-title").scrollIntoView({ block: "center" });
  if (sensor && sensor !== current().sensor) await choose(sensor, range);
  else await zoom(...range);
}
