// The table of a comparison: one line for each detector, what it finds, what it costs, and how it does against another.
import { sortable } from "../table.js";
import {
  byId,
  counted,
  decimals,
  duration,
  element,
  page,
  percent,
  seconds,
  significant,
  text,
  whole,
} from "../text.js";

/** @typedef {import("../table.js").Column} Column */

/** @type {any} */
let shown = null; // the answer on the page

export const titleOf = (detector) => shown?.titles[detector] ?? page.detectors[detector] ?? detector;
export const orDash = (value, shown) => (value === null || value === undefined ? "–" : shown(value));
export const points = (value) =>
  Number.isInteger(value)
    ? counted("{count} point", "{count} points", value)
    : text("{count} points", { count: significant(value) });
const megabytes = (bytes) => `${whole(bytes / 1e6)} MB`;

const ANSWERS = {
  better: text("better"),
  worse: text("worse"),
  no_difference: text("no difference shown"),
  too_few_to_tell: text("too few to tell"),
  too_few_faults: text("too few faults"),
};

export function showTable(answer) {
  shown = answer;
  const known = answer.agreement.detectors;
  const before = byId("against").value;
  byId("against").replaceChildren(...known.map((name) => element("option", { value: name, content: titleOf(name) })));
  const wanted = [before, answer.verdict.other, "statistical", known[0]].find((name) => known.includes(name));
  if (wanted) byId("against").value = wanted;
  byId("against-field").hidden = known.length < 2;
  byId("steps-note").hidden = !answer.rows.some((row) => row.step_normalised);
  draw();
  showRowMeasures(answer.rows);
}

function draw() {
  const columns = shown.labelled ? labelledColumns() : injectedColumns();
  const visible = columns.filter((column) => !column.hidden);
  sortable(byId("comparison"), columns, { row: (_row, line) => asCard(line, visible) }).show(shown.rows);
  byId("comparison-note").textContent = shown.labelled
    ? ""
    : text("Without a label column no figure here rests on real faults.");
}

// On a phone a line is a card, in which each cell says what it holds.
function asCard(line, columns) {
  [...line.cells].forEach((cell, at) => {
    if (at) cell.dataset.label = columns[at].title;
  });
}

/** @returns {Column[]} */
function labelledColumns() {
  const watched = shown.rows.find((row) => row.figures?.hours)?.figures.hours;
  const falseTitle = watched
    ? text("False events in {hours} equipment-hours", { hours: significant(watched) })
    : text("False events");
  return [
    nameColumn(),
    figureColumn(text("Faults found (95 %)"), (figures) => figures.found / figures.faults, foundText),
    { ...figureColumn(falseTitle, (figures) => figures.false_events, falseText), first: 1 },
    {
      title: text("VUS-PR (95 %)"),
      className: "number",
      first: -1,
      value: (row) => row.vus_pr,
      cell: (row) => orDash(row.vus_pr, (value) => withInterval(value, row.figures)),
    },
    { ...figureColumn(text("Delay (least to most)"), (figures) => figures.delay?.median, delayText), first: 1 },
    ...costColumns(),
  ];
}

/** @returns {Column[]} */
function injectedColumns() {
  const tested = new Map((shown.faults?.detectors ?? []).map((one) => [one.detector, one]));
  const of = (row) => tested.get(row.detector)?.total;
  return [
    nameColumn(),
    {
      title: text("Injected faults found"),
      className: "number",
      first: -1,
      hidden: !shown.faults?.faults,
      value: (row) => of(row)?.recall ?? null,
      cell: (row) => orDash(of(row), (total) => `${whole(total.found)} / ${whole(total.faults)}`),
    },
    {
      title: text("Events"),
      className: "number",
      value: (row) => (row.failure ? null : row.events),
      cell: (row) => (row.failure ? "–" : whole(row.events)),
    },
    {
      title: text("Delay"),
      className: "number",
      hidden: !shown.faults?.faults,
      value: (row) => of(row)?.delay ?? null,
      cell: (row) => orDash(of(row)?.delay, points),
    },
    ...costColumns(),
  ];
}

/** @returns {Column} */
function nameColumn() {
  return { title: text("Detector"), value: (row) => titleOf(row.detector), cell: detectorCell };
}

/** @returns {Column} */
function figureColumn(title, value, cell) {
  return {
    title,
    className: "number",
    first: -1,
    value: (row) => (row.figures ? value(row.figures) : null),
    cell: (row) => orDash(row.figures, cell),
  };
}

/** @returns {Column[]} */
function costColumns() {
  const other = byId("against").value;
  return [
    { title: text("Time"), className: "number", value: (row) => row.seconds, cell: (row) => seconds(row.seconds) },
    {
      title: text("Against {other}", { other: titleOf(other) }),
      hidden: byId("against-field").hidden,
      value: (row) => pairOf(row, other)?.difference ?? null,
      cell: (row) => orDash(pairOf(row, other), answerCell),
    },
  ];
}

const pairOf = (row, other) => shown.pairs.find((pair) => pair.detector === row.detector && pair.other === other);

function answerCell(pair) {
  const sign = { better: "▲ ", worse: "▼ " }[pair.answer] ?? "";
  const title =
    pair.difference === null || pair.low === null
      ? ""
      : text("difference {difference} (95 %: {low} to {high}); found by only one of the two: {count}", {
          difference: decimals(pair.difference, 3),
          low: decimals(pair.low, 3),
          high: decimals(pair.high, 3),
          count: whole(pair.only_one + pair.only_other),
        });
  return element("span", {
    className: `answer answer-${pair.answer}`,
    content: sign + (ANSWERS[pair.answer] ?? "–"),
    title,
  });
}

const foundText = (figures) =>
  figures.found_low === null
    ? "–"
    : `${whole(figures.found)} / ${whole(figures.faults)} (${percent(figures.found_low, 0)}–${percent(figures.found_high, 0)})`;
const falseText = (figures) =>
  `${whole(figures.false_events)} (${significant(figures.false_low, 2)}–${significant(figures.false_high, 2)})`;
const withInterval = (value, figures) =>
  figures?.vus_low === null || figures?.vus_low === undefined
    ? decimals(value, 3)
    : `${decimals(value, 3)} (${decimals(figures.vus_low)}–${decimals(figures.vus_high)})`;

function delayText({ delay, delay_seconds: timed }) {
  if (timed) return `${duration(timed.median)} (${duration(timed.least)}–${duration(timed.most)})`;
  return orDash(delay, (one) => `${points(one.median)} (${whole(one.least)}–${whole(one.most)})`);
}

export function detectorCell(row) {
  const name = element("span", { content: titleOf(row.detector), title: row.model || row.detector });
  if (!row.failure) return name;
  return element("span", {}, name, element("span", { className: "failure", content: row.failure }));
}

// Figures of rows, not of events: they stand folded below.
function showRowMeasures(rows) {
  const measure = (name, title) => ({
    title,
    className: "number",
    first: -1,
    hidden: !shown.labelled,
    value: (row) => row[name],
    cell: (row) => orDash(row[name], (value) => decimals(value, 3)),
  });
  const done = (row, value) => (row.failure ? null : value);
  /** @type {Column[]} */
  const columns = [
    nameColumn(),
    measure("auc_pr", "AUC-PR"),
    measure("f1", text("F1")),
    measure("precision", text("Precision")),
    measure("recall", text("Recall")),
    {
      title: text("Anomalous"),
      className: "number",
      value: (row) => done(row, row.anomaly_ratio),
      cell: (row) => orDash(done(row, row.anomaly_ratio), (value) => percent(value, 2)),
    },
    {
      title: text("Memory"),
      className: "number",
      value: (row) => row.peak_memory_bytes,
      cell: (row) => orDash(row.peak_memory_bytes, megabytes),
    },
  ];
  const visible = columns.filter((column) => !column.hidden);
  sortable(byId("row-measures"), columns, { row: (_row, line) => asCard(line, visible) }).show(rows);
}

byId("against").addEventListener("change", draw);
