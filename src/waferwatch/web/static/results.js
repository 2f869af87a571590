// What a detection found: the tiles and the table of events.
import { around, choose, current, zoom } from "./series.js";
import { byId, counted, decimals, duration, element, isTime, moment, percent, seconds, significant, text, time, whole } from "./text.js";

const TOP_SENSORS = 3;

export function showTiles(answer) {
  const tiles = [
    tile(text("rows"), whole(answer.rows), text("series", { count: whole(answer.series) })),
    tile(text("events"), whole(answer.events_total), counted("flagged", answer.anomalies), "alarm"),
    tile(text("share"), percent(answer.anomaly_ratio, 2), text("threshold", { value: significant(answer.threshold, 4) })),
  ];
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

function tile(title, value, under, kind = "", words = "") {
  return element(
    "dl",
    { className: `tile mb-0 ${kind}` },
    element("dt", { content: title }),
    element("dd", { className: words, content: value }),
    element("dd", { className: "under", content: under }),
  );
}

export function showEvents(answer) {
  const all = answer.events_total;
  const shown = answer.events.length;
  const partly = shown < all ? text("events_shown", { shown: whole(shown), all: whole(all) }) : "";
  byId("events-note").textContent = all ? partly : text("no_events");
  byId("events").replaceChildren(...answer.events.map(row));
}

function row(event) {
  const show = element("button", { className: "show-event", type: "button", content: whole(event.id), "aria-label": text("show_event", { id: event.id }) });
  const made = element(
    "tr",
    { "data-event": event.id },
    element("td", {}, show),
    element("td", {}, element("span", { className: `kind kind-${event.kind}`, content: text(event.kind) })),
    element("td", { content: startOf(event) }),
    element("td", { className: "wide short", content: lengthOf(event) }),
    element("td", { className: "wide short", content: event.equipment ?? "", title: event.equipment ?? "" }),
    element("td", { className: "wide short", content: event.lot ?? "", title: event.lot ?? "" }),
    element("td", { className: "number wide", content: significant(event.peak_score) }),
    element("td", {}, ...sensors(event)),
  );
  made.addEventListener("click", () => showEvent(event, made));
  return made;
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
  return top.map(({ sensor, share }, rank) =>
    element(
      "span",
      { className: rank ? "share wide" : "share" },
      element("b", { content: sensor }),
      element("span", { content: percent(share, 0) }),
    ),
  );
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
