// What a detection found: the sentence, the table of events, and the tiles of how it was made.
import { current } from "../charts/series.js";
import { sortable } from "../table.js";
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
} from "../text.js";
import { VERDICTS } from "../words.js";

const TOP_SENSORS = 3; // that the search looks through
const SHOWN_SENSORS = 2; // of each line
const HOUR_S = 3600;

// What was found, in sentences; the worst leads to its own page.
export function showHeadline({ headline, problems, notes, run, promise }) {
  showProblems(problems, run);
  byId("headline-found").textContent = headline.found;
  const worst = element("a", {
    href: `/problems/event?run=${encodeURIComponent(run)}&event=${headline.event}`,
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

// Of wafers and rows together: wafers can be abnormal where no row is.
function showProblems({ sentence, total, worst }, run) {
  const query = `?run=${encodeURIComponent(run)}`;
  const line = ({ name, title }) => {
    const page = name ? `/problems/${encodeURIComponent(name)}` : "/problems";
    return element("li", {}, element("a", { href: page + query, content: name ? `${name} ${title}` : title }));
  };
  const all = () => element("li", {}, element("a", { href: `/problems${query}`, content: text("All problems") }));
  byId("headline-problems").textContent = sentence;
  byId("headline-named").replaceChildren(...worst.map(line), ...(worst.length < total ? [all()] : []));
  byId("headline-found").classList.toggle("headline-found", !sentence);
}

export function showTiles(answer) {
  const tiles = [
    tile(
      text("Rows"),
      whole(answer.chosen),
      answer.chosen < answer.rows
        ? text("of {all}; the filters leave these", { all: whole(answer.rows) })
        : text("{count} series", { count: whole(answer.series) }),
    ),
    tile(
      text("Events"),
      whole(answer.events_total),
      counted("{count} row flagged", "{count} rows flagged", answer.anomalies),
      "alarm",
    ),
    tile(text("Anomalous"), percent(answer.anomaly_ratio, 2), thresholdOf(answer)),
  ];
  if (answer.metrics) {
    const { precision, recall, f1 } = answer.metrics;
    tiles.push(tile(text("Precision"), decimals(precision), text("against the labels")));
    tiles.push(tile(text("Recall"), decimals(recall), `${text("F1")} ${decimals(f1)}`));
  }
  tiles.push(
    tile(
      text("Time"),
      seconds(answer.seconds),
      text("{count} rows a second", { count: whole(answer.chosen / Math.max(answer.seconds, 0.001)) }),
    ),
  );
  const hash = answer.model_sha256 ? `${answer.model_sha256.slice(0, 8)} · ` : "";
  if (answer.monitor)
    tiles.push(
      tile(text("Monitor"), answer.monitor, `${answer.model} · ${hash}${answer.device}`, "tile-wide", "words"),
    );
  else tiles.push(tile(text("Model"), answer.model, `${hash}${answer.device}`, "tile-wide", "words"));
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
    { title: text("Start"), value: (event) => event.start, cell: startLink, className: "when" },
    {
      title: text("Equipment"),
      value: (event) => event.equipment,
      cell: (event) => event.equipment ?? "",
      className: "place",
    },
    { title: text("Lot"), value: (event) => event.lot, cell: (event) => event.lot ?? "", className: "lot wide" },
    { title: text("Duration"), value: (event) => event.rows, cell: lengthOf, className: "span", first: -1 },
    { title: text("Peak score"), value: (event) => event.peak_score, cell: peakOf, className: "number", first: -1 },
    { title: text("Sensors"), value: (event) => event.sensors[0]?.sensor, cell: sensors, className: "carriers" },
    { title: text("Verdict"), value: (event) => event.verdict, cell: verdictOf, className: "said wide" },
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
      ? partOf(events.length < found.events.length, { shown: whole(events.length), all: whole(all) })
      : "";
  byId("events-note").textContent = all ? partly : text("No events were found.");
  byId("events").classList.toggle("no-place", !found.events.some((event) => event.equipment));
  byId("events").classList.toggle("no-lot", !found.events.some((event) => event.lot));
  list.show(events);
}

const partOf = (filtered, values) =>
  filtered
    ? text("{shown} of {all} events fit.", values)
    : text("The {shown} with the highest peaks of {all} events are listed.", values);

function thresholdOf({ threshold, threshold_by: by }) {
  const value = significant(threshold, 4);
  if (by === "auto") return text("automatic threshold {value}", { value });
  return by === "hand" ? text("threshold {value}, set by hand", { value }) : text("threshold {value}", { value });
}

export function startEvents() {
  byId("event-kind").addEventListener("change", filterEvents);
  byId("event-search").addEventListener("input", filterEvents);
}

function verdictOf(event) {
  if (!event.verdict) return "";
  return element("span", {
    className: `verdict ${event.verdict}`,
    content: VERDICTS[event.verdict],
    title: event.note,
  });
}

const pageOf = (event) => `/problems/event?run=${encodeURIComponent(found.run)}&event=${event}`;

function startLink(event) {
  const start = startOf(event);
  const parts = start.split(" ").map((part) => element("span", { content: part })); // a narrow column breaks between day and time
  return element(
    "a",
    {
      className: "row-link",
      href: pageOf(event.id),
      "aria-label": text("{start}, explain event {id}", { id: whole(event.id), start }),
    },
    parts[0],
    ...parts.slice(1).flatMap((part) => [" ", part]),
  );
}

function startOf(event) {
  if (isTime(event.start)) return event.start.replace("T", " ");
  const { axis, firstRow } = current();
  return axis === "row" ? text("row {row}", { row: whole(event.start_row + firstRow) }) : significant(event.start, 6);
}

function peakOf(event) {
  return element("span", {
    content: significant(event.peak_score),
    title: text(
      "How rare a row is among normal rows: 1 is one in ten, 2 one in a hundred, 3 one in a thousand. Beyond the rarest normal row it grows with the distance.",
    ),
  });
}

// How often a peak as high comes in normal running; only known where normal rows have dates.
function usualOf(event) {
  if (!found.promise?.hours) return [];
  const often = event.usual_every_hours;
  const content =
    often === null
      ? text("beyond all normal rows")
      : text("normally once in {time}", { time: duration(often * HOUR_S) });
  return [element("span", { className: "usual wide", content })];
}

function lengthOf(event) {
  const length = isTime(event.start) ? secondsBetween(event.start, event.end) : 0;
  return length > 0 ? duration(length) : counted("{count} row", "{count} rows", event.rows);
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
      ? [
          element("span", {
            className: "state",
            content: text("State: unlike the reference since {start}. Has the process changed? Then learn it anew.", {
              start: startOf(event),
            }),
          }),
        ]
      : [];
  return element("span", {}, ...parts, ...usualOf(event), ...state);
}
