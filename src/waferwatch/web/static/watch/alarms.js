// The lists of alarms, and what is done with one: acknowledge, shelve, close with a verdict.
import { ask, clearProblem, queryOf, showProblem } from "../api.js";
import { byId, element, localTime, text, time, whole } from "../text.js";

const OPEN = "active,acknowledged,shelved,suppressed";
const ORDER = ["severe", "clear", "weak"];
const SIGNS = { severe: "◆", clear: "▲", weak: "●" };
const LISTS = ["need", "ended", "acknowledged", "shelved", "suppressed", "closed"];
const DAY_MS = 24 * 3600 * 1000;
/** @type {[number, () => string][]} */
const SHELVES = [
  [30, () => text("for 30 minutes")],
  [120, () => text("for 2 hours")],
  [480, () => text("for 8 hours")],
  [0, () => text("until it has ended")],
];

/** @type {Map<number, any>} */
const known = new Map();
/** @type {Map<number, { shown: string, item: any }>} */
const items = new Map();
/** @type {Map<number, any>} alarms that have changed while the lists were being read */
const meanwhile = new Map();
let reading = 0; // how many times they are being read now
let asked = 0; // grows with each reading: the answer of an earlier one is dropped
/** @type {Record<string, string>} alarms that no settled score confirms: waiting or denied */
let unconfirmed = {};
let moreEnded = false; // than are listed
let afterChange = () => {};
let afterOpen = (_alarm) => {};

/** Read the lists again. */
export async function reload() {
  const mine = ++asked;
  const since = new Date(Date.now() - DAY_MS).toISOString();
  reading += 1;
  let found;
  try {
    found = await Promise.all([
      ask(`/alarms?state=${OPEN}&limit=500`),
      ask("/alarms?state=closed&verdict=none&limit=100"),
      ask(`/alarms?${queryOf({ state: "closed", since, limit: 50 })}`),
    ]);
  } finally {
    reading -= 1;
  }
  if (mine !== asked) return;
  moreEnded = found[1].next !== null;
  known.clear();
  for (const { alarms } of found) for (const alarm of alarms) known.set(alarm.id, alarm);
  for (const alarm of meanwhile.values()) known.set(alarm.id, alarm);
  meanwhile.clear();
  show();
}

/** One alarm as it is now. */
export function put(alarm) {
  known.set(alarm.id, alarm);
  if (reading) meanwhile.set(alarm.id, alarm);
  show();
}

/** Call `changed` whenever the lists have changed. */
export function onChange(changed) {
  afterChange = changed;
}

/** Call `open` with an alarm whose title is pressed. */
export function onOpen(open) {
  afterOpen = open;
}

/** Which alarms no settled score confirms, yet or at all. */
export function showUnconfirmed(found) {
  if (JSON.stringify(found) === JSON.stringify(unconfirmed)) return;
  unconfirmed = found;
  show();
}

/** Alarms that nobody has seen, the worst first. */
export const needing = () => sorted([...known.values()].filter((alarm) => alarm.state === "active"));

/** @returns {string} the list that an alarm stands in; "" for none */
function listOf(alarm) {
  if (alarm.state === "active") return "need";
  if (alarm.state !== "closed") return alarm.state;
  const unseen = alarm.closed_by === "system" && !alarm.acknowledged_at && alarm.raised_at && !alarm.verdict;
  if (unseen) return "ended";
  return Date.now() - Date.parse(alarm.closed_at) < DAY_MS ? "closed" : "";
}

const sorted = (alarms) =>
  alarms.sort((one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity) || other.id - one.id);

function show() {
  const before = focused();
  for (const [id, alarm] of known) if (!listOf(alarm)) known.delete(id);
  for (const list of LISTS) {
    const alarms = sorted([...known.values()].filter((alarm) => listOf(alarm) === list));
    place(byId(list), alarms);
    if (list !== "need") {
      byId(`fold-${list}`).hidden = alarms.length === 0;
      byId(`count-${list}`).textContent = whole(alarms.length) + (list === "ended" && moreEnded ? "+" : "");
    }
  }
  for (const id of items.keys()) if (!known.has(id)) items.delete(id);
  byId("none-needs").hidden = needing().length > 0;
  if (before) focusNear(before);
  afterChange();
}

/** Which alarm has the focus, and where in its list it stands; null where none has. */
function focused() {
  const item = document.activeElement?.closest("[data-alarm]");
  const list = item?.parentElement;
  return item && list ? { item, list, at: [...list.children].indexOf(item) } : null;
}

// What was pressed may be gone, or fold away with its alarm: the keyboard goes on there, or with the next one of the list.
function focusNear({ item, list, at }) {
  const active = /** @type {HTMLElement} */ (document.activeElement);
  if (active !== document.body && active.checkVisibility()) return;
  const next = item.checkVisibility() ? item : list.children[Math.min(at, list.children.length - 1)];
  next?.querySelector("button")?.focus();
}

// A row under the pointer or in focus does not move away.
function place(list, alarms) {
  const wanted = alarms.map(itemOf);
  const held = list.matches(":hover") || list.contains(document.activeElement);
  for (const item of [...list.children]) if (!wanted.includes(item)) item.remove();
  if (held) list.append(...wanted.filter((item) => item.parentElement !== list));
  else if (wanted.some((item, at) => list.children[at] !== item)) list.append(...wanted);
}

function itemOf(alarm) {
  const shown = JSON.stringify([alarm, unconfirmed[alarm.id]]);
  const before = items.get(alarm.id);
  if (before?.shown === shown) return before.item;
  const item = before?.item ?? element("li", { className: "alarm", "data-alarm": alarm.id });
  item.className = `alarm alarm-${alarm.severity}`;
  renew(item, "alarm-title", [alarm.title, alarm.severity], () => headOf(alarm));
  renew(item, "alarm-facts", shown, () => factsOf(alarm));
  renew(item, "alarm-acts", [alarm.acknowledged_at, alarm.state, alarm.closed_by], () => actsOf(alarm, item));
  if (!closable(alarm)) item.querySelector(".alarm-closing")?.remove();
  items.set(alarm.id, { shown, item });
  return item;
}

// A part is made anew only where it shows something else: what has the focus and what is being written stay.
function renew(item, kind, shows, make) {
  const wanted = JSON.stringify(shows);
  const old = item.querySelector(`:scope > .${kind}`);
  if (old?.dataset.shows === wanted) return;
  const made = make();
  made.dataset.shows = wanted;
  if (old) old.replaceWith(made);
  else item.append(made);
}

const closable = (alarm) => alarm.state !== "closed" || alarm.closed_by === "system";

function headOf(alarm) {
  const sign = alarm.kind === "silence" ? "▣" : SIGNS[alarm.severity];
  return element(
    "h3",
    { className: "alarm-title" },
    element("span", { className: "alarm-sign", "aria-hidden": "true", content: sign }),
    titleOf(alarm),
  );
}

// The title shows the trace of the chamber; a whole source has none.
function titleOf(alarm) {
  if (!alarm.equipment) return element("span", { content: alarm.title });
  const title = element("button", { type: "button", className: "alarm-open", content: alarm.title });
  title.title = text("Show the trace");
  title.addEventListener("click", () => afterOpen(alarm));
  return title;
}

const VERDICTS = {
  true: () => text("True alarm"),
  false: () => text("False alarm"),
  intended_change: () => text("Intended change"),
};
const UNCONFIRMED = {
  waiting: () => text("not yet confirmed by the settled score"),
  denied: () => text("not confirmed by the settled score"),
};
const SEVERITIES = { severe: () => text("severe"), clear: () => text("clear"), weak: () => text("weak") };

function factsOf(alarm) {
  const facts = [
    alarm.kind === "silence" ? "" : SEVERITIES[alarm.severity](),
    text("since {time}", { time: time(alarm.started) }),
    alarm.wafers ? text("abnormal wafers: {count}", { count: whole(alarm.wafers) }) : "",
    alarm.lot || alarm.wafer ? [alarm.lot, alarm.wafer].filter(Boolean).join("/") : "",
    UNCONFIRMED[unconfirmed[alarm.id]]?.() ?? "",
    alarm.acknowledged_by ? text("acknowledged by {name}", { name: alarm.acknowledged_by }) : "",
    alarm.shelved_until ? text("shelved until {time}", { time: localTime(alarm.shelved_until) }) : "",
    VERDICTS[alarm.verdict]?.() ?? "",
    alarm.note ?? "",
    alarm.reason ?? "",
  ];
  return element("p", { className: "alarm-facts", content: facts.filter(Boolean).join(" · ") });
}

function actsOf(alarm, item) {
  const acts = element("div", { className: "alarm-acts" });
  if (!alarm.acknowledged_at) acts.append(button(text("Acknowledge"), "btn-primary", () => act(alarm, "acknowledge")));
  if (alarm.state === "shelved") acts.append(button(text("Unshelve"), "", () => act(alarm, "unshelve")));
  else if (alarm.state !== "closed") acts.append(shelfOf(alarm));
  if (closable(alarm)) acts.append(button(text("Close ..."), "", () => askVerdict(alarm, item)));
  else acts.append(button(text("Reopen"), "", () => act(alarm, "reopen")));
  return acts;
}

function shelfOf(alarm) {
  const select = element("select", { className: "form-select form-select-sm", "aria-label": text("Shelve") });
  select.append(element("option", { value: "", content: text("Shelve ...") }));
  for (const [minutes, title] of SHELVES) select.append(element("option", { value: minutes, content: title() }));
  select.addEventListener("change", () => {
    const minutes = Number(select.value);
    select.value = ""; // should it be refused, the same can be chosen again
    act(alarm, "shelve", minutes ? { minutes } : {});
  });
  return select;
}

// Asks what it was; pressed again, it does not.
function askVerdict(alarm, item) {
  const open = item.querySelector(".alarm-closing");
  if (open) open.remove();
  else item.append(closingOf(alarm));
  item.querySelector(".alarm-closing input")?.focus();
}

function closingOf(alarm) {
  const note = element("input", {
    className: "form-control form-control-sm",
    maxlength: 2000,
    "aria-label": text("Note"),
    placeholder: text("What was it? (note)"),
  });
  const close = (verdict) => act(alarm, "close", { verdict, note: note.value.trim() });
  return element(
    "div",
    { className: "alarm-closing" },
    note,
    ...Object.entries(VERDICTS).map(([verdict, title]) => button(title(), "", () => close(verdict))),
    element("p", {
      className: "form-text mb-0 w-100",
      content: text(
        "Intended change: of a recipe or a set-point, and meant. It counts neither as a true nor as a false alarm, and monitors learn nothing from it.",
      ),
    }),
  );
}

function button(title, kind, work) {
  const made = element("button", {
    type: "button",
    className: `btn btn-sm ${kind || "btn-outline-secondary"}`,
    content: title,
  });
  made.addEventListener("click", work);
  return made;
}

async function act(alarm, name, body = {}) {
  clearProblem();
  try {
    put(await ask(`/alarms/${alarm.id}/${name}`, { method: "POST", body }));
  } catch (problem) {
    showProblem(problem);
  }
}
