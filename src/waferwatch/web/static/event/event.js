// The page that explains one event: what, where, when, how sure, and what it looks like beside what is normal.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { draw, drawAll } from "../charts/chart.js";
import { draftOf, dropDraft, keepDraft } from "../draft.js";
import { offerExport } from "../exports.js";
import {
  byId,
  counted,
  duration,
  element,
  isTime,
  page,
  percent,
  secondsBetween,
  significant,
  text,
  time,
  whole,
} from "../text.js";
import { KINDS, ROLES, VERDICTS } from "../words.js";

const FIGURES = ["course", "nearest", "sisters"];
const query = new URLSearchParams(location.search);
const run = query.get("run") ?? "";
const where = { event: Number(query.get("event") ?? 1), events: 0 };
/** @type {any} */
let shown = null;
/** @type {AbortController | null} */
let asked = null;

const address = (event) => `/problems/event?${new URLSearchParams({ run, event })}`;
const path = (event) => `/runs/${encodeURIComponent(run)}/events/${event}`;

async function show(event, { push = false } = {}) {
  asked?.abort();
  asked = new AbortController();
  byId("explanation").setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`${path(event)}${byId("moment").checked ? "?moment=true" : ""}`, { signal: asked.signal });
    clearProblem();
    if (push) history.pushState(null, "", address(event));
    await put(answer);
    announce(text("Event {event} is explained.", { event: whole(event) }));
  } catch (problem) {
    showProblem(problem);
  } finally {
    byId("explanation").removeAttribute("aria-busy");
  }
}

async function put(answer) {
  shown = answer;
  Object.assign(where, { event: answer.event.id, events: answer.events });
  byId("explanation").hidden = false;
  showHead(answer);
  byId("facts").replaceChildren(...facts(answer));
  byId("sensors").tBodies[0].replaceChildren(...answer.sensors.map((sensor) => sensorRow(answer, sensor)));
  showVerdict(answer.said);
  byId("similar").replaceChildren(...similar(answer));
  byId("moment-field").hidden = answer.model_sha256 === null;
  byId("course-note").textContent = courseNote(answer);
  byId("nearest-note").textContent = nearestNote(answer);
  showSisters(answer);
  for (const what of ["sensors", "rows", "similar", "equipment"])
    offerExport(`${what}-export`, `${path(where.event)}/export`, [["what", what]]);
  for (const name of FIGURES) await draw(byId(name), answer.figures[name]);
}

function showHead({ event, events, run: id, dataset_name: name, detector, model }) {
  byId("title").textContent = text("Event {event} of {all}", { event: whole(event.id), all: whole(events) });
  byId("kind").replaceChildren(element("span", { className: `kind kind-${event.kind}`, content: KINDS[event.kind] }));
  document.title = `${text("Event {event} of {all}", { event: whole(event.id), all: whole(events) })} · waferwatch`;
  const judge = `${page.detectors[detector] ?? detector}, ${model}`;
  byId("dataset-name").textContent = `${name || text("Demo fab (virtual)")} · ${judge}`;
  byId("back").href = `/problems?${new URLSearchParams({ run: id })}`;
  for (const [link, other] of [
    ["previous", event.id - 1],
    ["next", event.id + 1],
  ]) {
    const there = other >= 1 && other <= events;
    if (there) byId(link).href = address(other);
    else byId(link).removeAttribute("href");
    byId(link).setAttribute("aria-disabled", !there);
  }
}

// A column that is called by the name of a role is named in the reader's language.
const spoken = (column) => ROLES[column.toLowerCase()] ?? column;

function facts(answer) {
  const { event, certainty, sisters } = answer;
  const place = [
    event.lot && `${text("Lot")} ${event.lot}`,
    ...Object.entries(event.context)
      .filter(([, value]) => value)
      .map(([name, value]) => `${spoken(name)} ${value}`),
  ];
  return [
    fact(text("Where"), event.equipment ?? text("one equipment"), place.filter(Boolean).join(" · ")),
    fact(text("When"), at(event.start, event.start_row), lasting(event)),
    fact(text("How sure"), sureness(answer), sureNote(certainty)),
    fact(
      text("This chamber alone?"),
      { true: text("yes"), false: text("no"), null: text("cannot be said") }[sisters.chamber_specific],
      sisterCount(sisters),
      sisters.chamber_specific ? "alarm" : "",
    ),
  ];
}

function fact(title, value, under, kind = "") {
  return element(
    "dl",
    { className: `fact ${kind}` },
    element("dt", { content: title }),
    element("dd", { content: value }),
    element("dd", { content: under }),
  );
}

const at = (place, row) => {
  if (isTime(place)) return time(place);
  const isRow = place === null || place === row || place === row + shown.first_row; // without a time, rows are counted
  return isRow ? text("row {row}", { row: whole(row + shown.first_row) }) : significant(place, 6);
};

function lasting(event) {
  const rows = counted("{count} row", "{count} rows", event.rows);
  if (event.kind === "state")
    return `${text("State: unlike the reference since {start}. Has the process changed? Then learn it anew.", { start: at(event.start, event.start_row) })} (${rows})`;
  if (!isTime(event.start)) return rows;
  const length = secondsBetween(event.start, event.end);
  if (!(length > 0)) return rows;
  const span = text("{duration}, until {end}", { duration: duration(length), end: time(event.end) });
  return `${span} (${rows})`;
}

// How rare so high a peak is in normal running; that is only known where normal rows have dates.
function sureness({ event, certainty, promise }) {
  if (!promise?.hours)
    return text("peak score {score}, threshold {threshold}", {
      score: significant(certainty.peak_score, 4),
      threshold: significant(certainty.threshold, 4),
    });
  if (event.usual_every_hours === null) return text("beyond all rows taken as normal");
  return text("as high about once in {time} of normal running", { time: duration(event.usual_every_hours * 3600) });
}

function sureNote({ peak_score: peak, higher_share: share, rank, events }) {
  const parts = [
    text("peak score {score}", { score: significant(peak, 4) }),
    text("number {rank} of {all} events by peak", { rank: whole(rank), all: whole(events) }),
    text("{share} of all rows score as high", { share: percent(share, share < 0.001 ? 3 : 1) }),
  ];
  return parts.join(" · ");
}

function sisterCount({ total, judged, flagged }) {
  if (!total) return text("There is no other equipment in this data set.");
  return judged
    ? text("{flagged} of {judged} other equipment flagged too", { flagged: whole(flagged), judged: whole(judged) })
    : text("No other equipment was judged at this moment.");
}

function sensorRow({ event, course }, { sensor, share, onset, onset_row: row, onset_time: when, farthest }) {
  const filled = element("span");
  filled.style.width = `${100 * share}%`;
  const name = element(
    "div",
    { className: "sensor-name" },
    element("b", { content: sensor }),
    element("span", { content: percent(share, share < 0.1 ? 1 : 0) }),
  );
  const first = element("td", {}, name, element("div", { className: "bar", "aria-hidden": "true" }, filled));
  if (farthest) {
    first.append(
      element("div", {
        className: "under",
        content: text("{measured}, normally {expected}", {
          measured: significant(farthest.measured, 4),
          expected: significant(farthest.expected, 4),
        }),
      }),
    );
  }
  const second = element("td", {
    className: "under",
    content:
      row === null
        ? course.sensors.includes(sensor)
          ? text("no clear onset")
          : text("stayed normal")
        : since(onset, when, event),
  });
  if (row !== null) second.title = at(when, row);
  return element("tr", {}, first, second);
}

function since(onset, when, event) {
  if (onset === 0) return text("at the start");
  const apart = isTime(when)
    ? duration(secondsBetween(event.start, when))
    : counted("{count} row", "{count} rows", onset);
  return text("{time} after the start", { time: apart });
}

const bandNote = ({ by_step: byStep, known }) => {
  const rows = known ? text("the reference rows") : text("unflagged rows");
  return byStep
    ? text("Grey: the normal band of each recipe step (1 to 99 % of {rows}) and its median.", { rows })
    : text("Grey: the normal band (1 to 99 % of {rows}) and its median.", { rows });
};

const likeness = (of, start) =>
  ({
    step: text("Same recipe and step, {start}.", { start }),
    recipe: text("Same recipe, {start}.", { start }),
    equipment: text("Same equipment, {start}.", { start }),
  })[of];

/** @type {Record<string, string>} At what moment other equipment is looked at. */
const SISTER_MOMENTS = {
  time: text("At the same time."),
  lot: text("The same lot in the same recipe step."),
  step: text("Times do not overlap: the closest run of the same recipe step."),
  run: text("Times do not overlap: the same place in the run."),
};

const saidOf = (verdict, values) =>
  ({
    true_alarm: text("True alarm, said {by} on {at}.", values),
    false_alarm: text("False alarm, said {by} on {at}.", values),
    intended_change: text("Intended change, said {by} on {at}.", values),
  })[verdict];

function courseNote({ course, model }) {
  const sentences = [bandNote(course)];
  if (course.moment) sentences.push(text("Dashed: what MOMENT ({model}) expected, each part drawn unseen.", { model }));
  if (course.averaged > 1) sentences.push(text("It saw averages over {rows} rows.", { rows: whole(course.averaged) }));
  if (course.obstacle) sentences.push(course.obstacle);
  return sentences.join(" ");
}

function nearestNote({ nearest }) {
  if (!nearest) return "";
  const start = nearest.lot
    ? `${at(nearest.start, nearest.start_row)} (${nearest.lot})`
    : at(nearest.start, nearest.start_row);
  return `${likeness(nearest.likeness, start)} ${text("Shaded: the largest gaps.")}`;
}

function showSisters({ sisters }) {
  byId("sisters-note").textContent = SISTER_MOMENTS[sisters.moment] ?? "";
  byId("sister-list").replaceChildren(
    ...sisters.equipment.map(({ equipment, flagged, peak_score: peak, events, recipe, step }) => {
      const context = [recipe, step].filter(Boolean).join(" / ");
      const words = `${equipment}${context ? ` (${context})` : ""}: ${significant(peak, 3)}, `;
      const state = element("span", {
        className: flagged ? "flagged" : "",
        content: flagged ? text("flagged too") : text("not flagged"),
      });
      const links = events
        .slice(0, 3)
        .map((event) =>
          element("a", { href: address(event), content: text("Event {event}", { event: whole(event) }) }),
        );
      return element("li", {}, words, state, ...links.flatMap((link) => [" ", link]));
    }),
  );
}

function similar(answer) {
  if (!answer.similar.length)
    return [element("li", { content: text("No event with the same sensors was found before.") })];
  return answer.similar.map((other) => {
    const link = element("a", {
      href: `/problems/event?${new URLSearchParams({ run: other.run, event: other.event })}`,
      content: text("Event {event}", { event: whole(other.event) }),
    });
    const words = [at(other.start, other.start_row), other.equipment ?? "", KINDS[other.kind]].map((content) =>
      element("span", { content }),
    );
    const origin = other.this_run
      ? text("this run")
      : other.same_stretch
        ? text("these very rows, in another run")
        : `${other.dataset_name || text("Demo fab (virtual)")}, ${time(other.detected)}`;
    const line = element("div", { className: "line" }, link, ...words);
    const sensors = other.sensors.map(({ sensor, share }) => `${sensor} ${percent(share, 0)}`).join(", ");
    const item = element(
      "li",
      {},
      line,
      element("div", {
        className: "under",
        content: [text("{share} alike", { share: percent(other.likeness, 0) }), sensors, origin].join(" · "),
      }),
    );
    if (other.verdict) {
      const verdict = element("span", { className: `verdict ${other.verdict}`, content: VERDICTS[other.verdict] });
      item.append(element("div", {}, verdict, other.note ? ` ${other.note}` : ""));
    }
    return item;
  });
}

function showVerdict({ verdict, note, by, at: when }) {
  for (const button of document.querySelectorAll("#verdict button[aria-pressed]"))
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === verdict));
  byId("undo").disabled = verdict === null;
  byId("note").value = draftOf(path(where.event), note);
  byId("said-note").textContent = note;
  byId("said").textContent = verdict
    ? saidOf(verdict, { by, at: time(when) })
    : text("Nobody has said yet what it was.");
}

async function judge(verdict) {
  const event = where.event;
  try {
    const said = await ask(`${path(event)}/verdict`, {
      method: "PUT",
      body: { verdict, note: verdict ? byId("note").value : "" },
    });
    clearProblem();
    dropDraft(path(event));
    if (where.event === event) showVerdict(said);
    announce(verdict ? text("The verdict is kept.") : text("The verdict was taken back."));
  } catch (problem) {
    showProblem(problem);
  }
}

function step(by) {
  const next = where.event + by;
  if (next >= 1 && next <= where.events) show(next, { push: true });
}

keepDraft(byId("note"), () => path(where.event));
byId("verdict").addEventListener("submit", (event) => {
  event.preventDefault();
  judge(event.submitter?.value || null);
});
for (const [link, by] of Object.entries({ previous: -1, next: 1 })) {
  byId(link).addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    step(by);
  });
}
document.addEventListener("keydown", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || target.closest("input, select, textarea, [tabindex='0'], .js-plotly-plot")) return;
  event.preventDefault();
  step(by);
});
byId("moment").addEventListener("change", () => show(where.event));
byId("print").addEventListener("click", () => drawAll().then(() => window.print()));
// Figures do not follow the paper's width by themselves, and what is printed is what stands there at once.
window.addEventListener("beforeprint", () => {
  document.body.classList.add("printing");
  for (const target of FIGURES.map(byId)) if (target.layout) Plotly.relayout(target, { width: target.clientWidth });
});
window.addEventListener("afterprint", () => {
  document.body.classList.remove("printing");
  for (const target of FIGURES.map(byId)) if (target.layout) Plotly.relayout(target, { width: null, autosize: true });
});
window.addEventListener("popstate", () => show(Number(new URLSearchParams(location.search).get("event") ?? 1)));

show(where.event);
