// What a detection found: the sentence, the table of events, and the tiles of how it was made.
import { current } from "./series.js";
import { sortable } from "./table.js";
import {
  byId,
  counted,
  decimals,
  duration,
  element,
  isTime,
  percent,
  seconds,
  secondsBetween,
  significant,
  text,
  whole,
} from "./text.js";

const TOP_SENSORS = 3; // that the search looks through
const SHOWN_SENSORS = 2; // of each line
const HOUR_S = 3600;

// What was found, in sentences; the worst leads to its own page.
export function showHeadline({ headline, notes, run, promise }) {
  byId("headline-found").textContent = headline.found;
  const worst = element("a", {
    href: `/event?run=${encodeURIComponent(run)}&event=${headline.event}`,
    content: headline.worst,
  });
  byId("headline-worst").replaceChildren(...(headline.event === null ? [] : [worst]));
  byId("headline-promise").textContent = headline.promise;
  byId("headline-promise").classList.toggle("not-kept", promise?.kept === false);
  byId("headline-part").textContent = headline.part;
  // What cannot be promised is said above, where it is seen.
  byId("headline-notes").replaceChildren(
    ...notes.filter((note) => note !== headline.promise).map((note) => element("li", { content: note })),
  );
}

export function showTiles(answer) {
  const tiles = [
    tile(
      text("rows"),
      whole(answer.chosen),
      answer.chosen < answer.rows
        ? text("chosen_of", { all: whole(answer.rows) })
        : text("series", { count: whole(answer.series) }),
    ),
    tile(text("events"), whole(answer.events_total), counted("flagged", answer.anomalies), "alarm"),
    tile(
      text("share"),
      percent(answer.anomaly_ratio, 2),
      text({ auto: "threshold_auto", hand: "threshold_hand" }[answer.threshold_by] ?? "threshold", {
        value: significant(answer.threshold, 4),
      }),
    ),
  ];
  if (answer.metrics) {
    const { precision, recall, f1 } = answer.metrics;
    tiles.push(tile(text("precision"), decimals(precision), text("labels")));
    tiles.push(tile(text("recall"), decimals(recall), `${text("f1")} ${decimals(f1)}`));
  }
  tiles.push(
    tile(
      text("time"),
      seconds(answer.seconds),
      text("per_second", { count: whole(answer.chosen / Math.max(answer.seconds, 0.001)) }),
    ),
  );
  const hash = answer.model_sha256 ? `${answer.model_sha256.slice(0, 8)} · ` : "";
  if (answer.monitor)
    tiles.push(
      tile(text("monitor"), answer.monitor, `${answer.model} · ${hash}${answer.device}`, "tile-wide", "words"),
    );
  else tiles.push(tile(text("model"), answer.model, `${hash}${answer.device}`, "tile-wide", "words"));
  byId("summary").replaceChildren(...tiles);
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

// The worst first. The start holds a link that fills the whole row: see .row-link in app.css.
const list = sortable(
  byId("events"),
  [
    { title: text("start"), value: (event) => event.start, cell: startLink, className: "when" },
    {
      title: text("equipment"),
      value: (event) => event.equipment,
      cell: (event) => event.equipment ?? "",
      className: "place",
    },
    { title: text("lot"), value: (event) => event.lot, cell: (event) => event.lot ?? "", className: "lot wide" },
    { title: text("duration"), value: (event) => event.rows, cell: lengthOf, className: "span", first: -1 },
    { title: text("peak"), value: (event) => event.peak_score, cell: peakOf, className: "number", first: -1 },
    { title: text("sensors"), value: (event) => event.sensors[0]?.sensor, cell: sensors, className: "carriers" },
    { title: text("verdict"), value: (event) => event.verdict, cell: verdictOf, className: "said wide" },
  ],
  { sort: [4, -1], row: (event, row) => row.setAttribute("data-event", event.id) },
);
/** @type {any} */
let found = null;

export function showEvents(answer) {
  found = answer;
  filterEvents();
}

function filterEvents() {
  const kind = byId("event-kind").value;
  const wanted = byId("event-search").value.trim().toLowerCase();
  const words = (event) => [
    event.equipment,
    event.lot,
    event.note,
    ...Object.values(event.context),
    ...event.sensors.slice(0, TOP_SENSORS).map(({ sensor }) => sensor),
  ];
  const fits = (event) =>
    (!kind || event.kind === kind) && (!wanted || words(event).some((word) => word?.toLowerCase().includes(wanted)));
  const events = found.events.filter(fits);
  const all = found.events_total;
  const partly =
    events.length < all
      ? text(events.length < found.events.length ? "events_filtered" : "events_shown", {
          shown: whole(events.length),
          all: whole(all),
        })
      : "";
  byId("events-note").textContent = all ? partly : text("no_events");
  byId("events").classList.toggle("no-place", !found.events.some((event) => event.equipment));
  byId("events").classList.toggle("no-lot", !found.events.some((event) => event.lot));
  list.show(events);
}

export function startEvents() {
  byId("event-kind").addEventListener("change", filterEvents);
  byId("event-search").addEventListener("input", filterEvents);
}

function verdictOf(event) {
  if (!event.verdict) return "";
  return element("span", { className: `verdict ${event.verdict}`, content: text(event.verdict), title: event.note });
}

const pageOf = (event) => `/event?run=${encodeURIComponent(found.run)}&event=${event}`;

function startLink(event) {
  const start = startOf(event);
  const parts = start.split(" ").map((part) => element("span", { content: part })); // a narrow column breaks between day and time
  return element(
    "a",
    {
      className: "row-link",
      href: pageOf(event.id),
      "aria-label": text("explain_event", { id: whole(event.id), start }),
    },
    parts[0],
    ...parts.slice(1).flatMap((part) => [" ", part]),
  );
}

function startOf(event) {
  if (isTime(event.start)) return event.start.replace("T", " ");
  const { axis, firstRow } = current();
  return axis === "row" ? text("row", { row: whole(event.start_row + firstRow) }) : significant(event.start, 6);
}

function peakOf(event) {
  return element("span", { content: significant(event.peak_score), title: text("score_scale") });
}

// How often a peak as high comes in normal running; only known where normal rows have dates.
function usualOf(event) {
  if (!found.promise?.hours) return [];
  const often = event.usual_every_hours;
  const content = often === null ? text("usual_beyond") : text("usual_each", { time: duration(often * HOUR_S) });
  return [element("span", { className: "usual wide", content })];
}

function lengthOf(event) {
  const length = isTime(event.start) ? secondsBetween(event.start, event.end) : 0;
  return length > 0 ? duration(length) : counted("row_count", event.rows);
}

function sensors(event) {
  const top = event.sensors.slice(0, SHOWN_SENSORS).filter((sensor, rank) => rank === 0 || sensor.share >= 0.05);
  const parts = top.map(({ sensor, share }, rank) =>
    element(
      "span",
      { className: rank ? "share wide" : "share" },
      element("b", { content: sensor }),
      element("span", { content: percent(share, 0) }),
    ),
  );
  const state =
    event.kind === "state"
      ? [element("span", { className: "state", content: text("state_since", { start: startOf(event) }) })]
      : [];
  return element("span", {}, ...parts, ...usualOf(event), ...state);
}
