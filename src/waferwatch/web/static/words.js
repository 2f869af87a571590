// Words of the server that are shown in the reader's language.
import { text } from "./text.js";

/** @type {Record<string, string>} What a column can be. */
export const ROLES = {
  sensor: text("sensor"),
  time: text("time"),
  equipment: text("equipment"),
  lot: text("lot"),
  wafer: text("wafer"),
  recipe: text("recipe"),
  step: text("step"),
  context: text("context"),
  status: text("status"),
  label: text("label"),
  ignored: text("ignored"),
};
/** @type {Record<string, string>} Kinds of events. */
export const KINDS = {
  point: text("point"),
  contextual: text("contextual"),
  collective: text("collective"),
  state: text("state"),
};
/** @type {Record<string, string>} What engineers say of an event. */
export const VERDICTS = {
  true_alarm: text("true alarm"),
  false_alarm: text("false alarm"),
  intended_change: text("intended change"),
};
/** @type {Record<string, string>} Where a run stands. */
export const STATES = {
  queued: text("waiting"),
  running: text("running"),
  done: text("done"),
  failed: text("failed"),
  cancelled: text("cancelled"),
  interrupted: text("interrupted"),
};
/** @type {Record<string, string>} How bad a finding is. */
export const SEVERITIES = { serious: text("serious"), warning: text("warning"), note: text("note") };
