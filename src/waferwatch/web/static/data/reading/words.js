// Words of the reading of files, in the reader's language.
import { text } from "../../text.js";

/** @type {Record<string, string>} */
export const DELIMITERS = {
  comma: text("comma"),
  semicolon: text("semicolon"),
  tab: text("tab"),
  bar: text("bar |"),
  blanks: text("blanks"),
};
/** @type {Record<string, string>} */
export const SHAPES = {
  wide: text("a row for each time"),
  long: text("a row for each reading"),
  "clock-per-sensor": text("a clock for each sensor"),
  "run-per-row": text("a run in each row"),
  transposed: text("a line for each sensor"),
};
/** @type {Record<string, string>} */
export const ORDERS = {
  "day-first": text("day first"),
  "month-first": text("month first"),
  "year-first": text("year first"),
};
/** @type {Record<string, string>} How much a finding about a file matters. */
export const LEVELS = { obstacle: text("in the way"), repaired: text("repaired"), info: text("note") };
