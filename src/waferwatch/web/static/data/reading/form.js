// The options of a reading as a form: what is empty is found, and says what was found.

import { byId, element, text } from "../../text.js";
import { DELIMITERS, ORDERS, SHAPES } from "./words.js";

const ENCODINGS = ["utf-8", "utf-16", "cp949", "cp1252", "gbk", "shift_jis", "big5"];
const CHOICES = { encoding: ENCODINGS, delimiter: DELIMITERS, shape: SHAPES, date_order: ORDERS };
const LINES = ["header_line", "units_line"];
const WORDS = ["sheet", "time_zone"];
const field = (name) => byId(`import-${name}`);
/** @type {any} */
let last = null; // the preview that is shown

const known = (choices) => (Array.isArray(choices) ? choices.map((one) => [one, one]) : Object.entries(choices));

function fill(select, choices, found) {
  const first = found ? text("found: {value}", { value: found }) : text("find it");
  const entries = [["", first], ...choices];
  const same = select.options.length === entries.length;
  if (same && entries.every(([value, content], at) => has(select.options[at], value, content))) return;
  select.replaceChildren(...entries.map(([value, content]) => element("option", { value, content })));
}

const has = (option, value, content) => option.value === value && option.textContent === content;

/**
 * Shows options, and what was found where they say nothing.
 *
 * @param {any} options
 * @param {any} found a preview; null: none is there yet; undefined: the one before
 */
export function show(options, found) {
  if (found !== undefined) last = found;
  const names = last?.columns.map(({ name }) => name) ?? [];
  const foundOf = {
    encoding: last?.encoding,
    delimiter: DELIMITERS[last?.delimiter ?? ""],
    date_order: ORDERS[last?.date_order ?? ""],
  };
  for (const [name, choices] of Object.entries(CHOICES)) {
    fill(field(name), withOwn(known(choices), options[name]), foundOf[name]);
    put(name, options[name] ?? "");
  }
  for (const name of LINES) {
    field(name).placeholder = last?.[name] ?? "";
    put(name, options[name] ?? "");
  }
  for (const name of WORDS) put(name, options[name] ?? "");
  const clock = last?.columns.filter(({ role }) => role === "time").map(({ name }) => name) ?? [];
  const said = options.time ?? [];
  fill(field("time"), withOwn(known(names), said[0]), clock[0]);
  fill(field("time-more"), withOwn(known(names), said[1]), "");
  put("time", said[0] ?? "");
  put("time-more", said[1] ?? "");
  field("time-more").disabled = !said.length;
  put("no_value", (options.no_value ?? []).join(", "));
  put("bad_cells", options.bad_cells === undefined ? "" : options.bad_cells * 100);
  put("leave_out_rows", (options.leave_out_rows ?? []).map(({ column, value }) => `${column}=${value}`).join(", "));
  field("keep_values").checked = options.keep_values === true;
  if (last) kinds(last);
}

// A value that the list does not know, of a recipe or the command line, stays in it.
const withOwn = (choices, value) =>
  value === undefined || choices.some(([known_]) => known_ === value) ? choices : [...choices, [value, value]];

// What somebody is typing is left alone.
function put(name, value) {
  const control = field(name);
  control.classList.toggle("said", value !== "");
  if (control !== document.activeElement || control.tagName === "SELECT") control.value = value;
}

function kinds({ format, lines_total: lines }) {
  const there = { text: format === "CSV", lines: lines > 0, sheet: ["Excel", "zip"].includes(format) };
  for (const part of byId("import-form").querySelectorAll("[data-kind]")) part.hidden = !there[part.dataset.kind];
}

const listed = (value) => value.split(",").flatMap((part) => part.trim() || []);
const rowsOf = (value) =>
  listed(value).flatMap((part) => {
    const at = part.indexOf("=");
    return at > 0 && at < part.length - 1
      ? [{ column: part.slice(0, at).trim(), value: part.slice(at + 1).trim() }]
      : [];
  });
const number = (control) => (Number.isNaN(control.valueAsNumber) ? null : control.valueAsNumber);

export function start(change) {
  const on = (name, event, said) => field(name).addEventListener(event, () => change(said(field(name))));
  for (const name of Object.keys(CHOICES)) on(name, "change", ({ value }) => ({ [name]: value || null }));
  for (const name of LINES) on(name, "input", (control) => ({ [name]: number(control) }));
  for (const name of WORDS) on(name, "change", ({ value }) => ({ [name]: value.trim() || null }));
  on("time", "change", ({ value }) => ({ time: value ? [value] : null }));
  on("time-more", "change", ({ value }) => ({ time: [field("time").value, ...(value ? [value] : [])] }));
  on("no_value", "input", ({ value }) => ({ no_value: listed(value) }));
  on("leave_out_rows", "input", ({ value }) => ({ leave_out_rows: rowsOf(value) }));
  on("bad_cells", "input", (control) => {
    const share = number(control);
    return { bad_cells: share === null ? null : share / 100 };
  });
  on("keep_values", "change", ({ checked }) => ({ keep_values: checked || null }));
  byId("import-form").addEventListener("submit", (event) => event.preventDefault());
}
