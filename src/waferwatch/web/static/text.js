// The reader's language: sentences from the server, numbers and times by Intl.

/** @type {any} What the server gives the scripts of the page. */
export const page = JSON.parse(document.getElementById("page-data")?.textContent ?? "null");
export const locale =
  page.language === "ko" ? "ko-KR" : navigator.languages.find((tag) => tag.startsWith("en")) || "en";

/**
 * A sentence in the reader's language. It must stand in the call as one literal: Babel finds it there for the catalogue.
 *
 * @param {string} sentence in English, with {places}
 * @param {Record<string, any>} [values] of the places
 */
export function text(sentence, values = {}) {
  const translated = page.texts[sentence] ?? sentence;
  return translated.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

const plurals = new Intl.PluralRules(locale);

/**
 * A sentence with a {count}. Both forms must be literals, as for text.
 *
 * @param {string} one of one thing
 * @param {string} many of any other number
 * @param {number} count
 */
export function counted(one, many, count) {
  const chosen = plurals.select(count) === "one" ? one : many;
  return text(chosen, { count: whole(count) });
}

/** How large a table is. @param {{ rows: number, columns: number }} table */
export function sizeOfTable({ rows, columns }) {
  const size = { rows: whole(rows), columns: whole(columns) };
  return rows === 1 ? text("1 row, {columns} columns", size) : text("{rows} rows, {columns} columns", size);
}

const formats = new Map();
function format(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale, options));
  return formats.get(key);
}

export const whole = (value) => format({ maximumFractionDigits: 0 }).format(value);
export const percent = (value, digits = 1) =>
  format({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const decimals = (value, digits = 2) =>
  value === null ? "–" : format({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const significant = (value, digits = 3) =>
  value === null ? "–" : format({ maximumSignificantDigits: digits }).format(value);

const unit = (value, name, digits = 0) =>
  format({ style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: digits }).format(value);

export function seconds(value) {
  if (value < 120) return unit(value, "second", value < 10 ? 2 : 1);
  return duration(value);
}

// Two units at most: 1d 3h, 4m 10s.
export function duration(value) {
  if (value < 10) return unit(value, "second", 2);
  /** @type {[string, number][]} */
  const steps = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  let rest = Math.round(value);
  const first = steps.findIndex(([, size]) => rest >= size);
  const parts = [];
  for (const [name, size] of steps.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(unit(count, name));
  }
  return parts.join(" ");
}

// Times come without a zone, as they stand in the file: they are shown as they are, never shifted.
export const moment = (value) => new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`);
/** Seconds from one moment of a table to a later one. */
export const secondsBetween = (start, end) => (moment(end).getTime() - moment(start).getTime()) / 1000;
export const isTime = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value);
const timeFormat = new Intl.DateTimeFormat(locale, {
  year: "numeric",
  month: page.language === "ko" ? "numeric" : "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZone: "UTC",
});
export const time = (value) => timeFormat.format(moment(value));

// Moments of the server's clock are shown in the visitor's own time, unlike those of the data.
const localFormat = new Intl.DateTimeFormat(locale, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
export const localTime = (value) => localFormat.format(new Date(value));

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any} what kind of element it is, the tag says
 */
export function element(tag, { className = "", content = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (content !== "") made.textContent = content;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @type {(id: string) => any} An element of the page: what kind it is, and that it is there, is up to the template. */
export const byId = (id) => document.getElementById(id);

/**
 * A cell of a table as people read it.
 * @param {string | number | boolean | null} cell
 */
export function cellText(cell) {
  if (cell === null || cell === "") return text("(empty)");
  return isTime(cell) ? String(cell).replace("T", " ") : String(cell);
}
