// The rows of a data set, some at a time.
import { ask, clearProblem, queryOf, showProblem } from "../api.js";
import { byId, cellText, element, text, whole } from "../text.js";
import { ROLES } from "../words.js";

const ROWS = 25;
const COLUMNS = 50;
/** @type {any} */
let dataset = null;
let start = 0;
let firstColumn = 0;
/** @type {any} */
let sought = null; // { row, column } of a finding or a jump
/** @type {AbortController | null} */
let stop = null;

export function show(chosen) {
  if (dataset?.id !== chosen.id) {
    start = 0;
    firstColumn = 0;
    sought = null;
  }
  dataset = chosen;
  const number = byId("row-number");
  number.min = dataset.first_row;
  number.max = dataset.rows + dataset.first_row - 1;
  return load();
}

// Gives up what is still being asked of the data set.
export const leave = () => stop?.abort();

export function jump(row, column = null) {
  sought = { row, column };
  start = row - Math.floor(ROWS / 3);
  const at = dataset.described.findIndex(({ name }) => name === column);
  if (at >= 0) firstColumn = Math.floor(at / COLUMNS) * COLUMNS;
  return load();
}

async function load() {
  const most = Math.max(0, dataset.rows - ROWS);
  start = Math.max(0, Math.min(start, most));
  stop?.abort();
  stop = new AbortController();
  try {
    const query = queryOf({ start, count: ROWS, first_column: firstColumn, columns: COLUMNS });
    draw(await ask(`/datasets/${dataset.id}/rows?${query}`, { signal: stop.signal }));
  } catch (problem) {
    showProblem(problem);
  }
}

function draw(found) {
  const role = new Map(dataset.described.map((column) => [column.name, column.role]));
  const numeric = found.columns.map((_, at) => found.rows.some((row) => typeof row[at] === "number"));
  const heads = found.columns.map((name, at) =>
    element(
      "th",
      { scope: "col", className: numeric[at] ? "number" : "" },
      name,
      element("span", { className: "role", content: ROLES[role.get(name)] }),
    ),
  );
  byId("rows-head").replaceChildren(element("tr", {}, element("th", { scope: "col", content: text("Row") }), ...heads));
  byId("rows").replaceChildren(
    ...found.rows.map((cells, at) => {
      const number = found.start + at;
      const isSought = sought?.row === number;
      const line = element(
        "tr",
        { className: isSought ? "sought" : "", ...(isSought ? { "aria-current": "true" } : {}) },
        element("th", { scope: "row", content: whole(number + dataset.first_row) }),
        ...cells.map((cell, column) => {
          const look = cell === null ? "none" : numeric[column] ? "number" : "";
          const mark = isSought && found.columns[column] === sought.column ? "sought-cell" : "";
          return element("td", { className: `${look} ${mark}`.trim(), content: cellText(cell) });
        }),
      );
      return line;
    }),
  );
  where(found);
  const target = byId("rows").querySelector(".sought-cell") ?? byId("rows").querySelector(".sought th");
  target?.scrollIntoView({ block: "nearest", inline: "center" });
}

function where(found) {
  const last = found.start + found.rows.length;
  const number = (position) => whole(position + dataset.first_row);
  byId("rows-where").textContent = text("Rows {first} to {last} of {all}", {
    first: number(found.start),
    last: number(last - 1),
    all: whole(found.rows_total),
  });
  for (const id of ["rows-first", "rows-before"]) byId(id).disabled = found.start === 0;
  for (const id of ["rows-after", "rows-last"]) byId(id).disabled = last >= found.rows_total;
  byId("columns-tools").hidden = found.columns_total <= COLUMNS;
  byId("columns-where").textContent = text("Columns {first} to {last} of {all}", {
    first: whole(found.first_column + 1),
    last: whole(found.first_column + found.columns.length),
    all: whole(found.columns_total),
  });
  byId("columns-before").disabled = found.first_column === 0;
  byId("columns-after").disabled = found.first_column + found.columns.length >= found.columns_total;
}

function on(id, act) {
  byId(id).addEventListener("click", () => {
    act();
    load();
  });
}

export function startUp() {
  on("rows-first", () => (start = 0));
  on("rows-before", () => (start -= ROWS));
  on("rows-after", () => (start += ROWS));
  on("rows-last", () => (start = dataset.rows));
  on("columns-before", () => (firstColumn -= COLUMNS));
  on("columns-after", () => (firstColumn += COLUMNS));
  byId("rows-jump").addEventListener("submit", (event) => {
    event.preventDefault();
    clearProblem();
    const number = byId("row-number").valueAsNumber;
    if (Number.isNaN(number)) return;
    const last = dataset.rows - 1;
    jump(Math.max(0, Math.min(last, Math.round(number) - dataset.first_row)));
  });
}
