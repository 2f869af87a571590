// The rows of one group, a hundred at a time, in a dialog over the page.
import { ask, queryOf, showProblem } from "../api.js";
import { sortable } from "../table.js";
import { byId, element, isTime, significant, text, time, whole } from "../text.js";

const dialog = byId("rows");
/** @type {any} */
const shown = { run: null, query: null, start: 0, following: null };
let turn = 0;

export const closer = (run, start, end) =>
  `/problems/check?${new URLSearchParams({ run, ...(start === null ? {} : { start, end }) })}`;
export const placeText = (value) =>
  isTime(value) ? time(value) : typeof value === "number" ? significant(value, 9) : (value ?? "–");

const columns = [
  { title: text("Row"), className: "number", value: ({ row }) => row, cell: ({ row }) => whole(row) },
  { title: text("Time"), value: ({ time: moment }) => moment, cell: (row) => where(row) },
  { title: text("Score"), className: "number", value: ({ score }) => score, cell: ({ score }) => significant(score) },
  {
    title: text("Flagged"),
    className: "wide",
    value: ({ flagged }) => Number(flagged),
    cell: ({ flagged }) => (flagged ? text("yes") : "–"),
  },
  { title: text("Event"), className: "number", value: ({ event }) => event, cell: (row) => event(row) },
];
const table = sortable(byId("rows-table"), columns);

function where(row) {
  const label = row.time === null ? text("row {row}", { row: whole(row.row) }) : placeText(row.time);
  return row.from === null ? label : element("a", { href: closer(shown.run, row.from, row.to), content: label });
}

function event(row) {
  if (row.event === null) return "–";
  const href = `/problems/event?${queryOf({ run: shown.run, event: row.event })}`;
  return element("a", {
    href,
    content: whole(row.event),
    "aria-label": text("Event {event}", { event: whole(row.event) }),
  });
}

// groups: [[column, value or null]], one or two of them.
export function open(run, groups, flagged) {
  const [[by, value], second] = groups;
  const query = { by, value: value ?? "" };
  if (second) Object.assign(query, { and: second[0], and_value: second[1] ?? "" });
  Object.assign(shown, { run, query, start: 0 });
  byId("rows-title").textContent = groups.map(([column, cell]) => `${column}: ${cell ?? text("(empty)")}`).join(" · ");
  byId("rows-flagged").checked = flagged;
  load();
}

async function load() {
  const mine = ++turn;
  const { run, query, start } = shown;
  const parameters = queryOf({ ...query, start, flagged: byId("rows-flagged").checked });
  try {
    const answer = await ask(`/runs/${encodeURIComponent(run)}/groups/rows?${parameters}`);
    if (mine === turn) put(answer);
  } catch (problem) {
    dialog.close();
    showProblem(problem);
  }
}

function put({ rows, total, start, following, first, last }) {
  shown.following = following;
  table.show(rows);
  byId("rows-count").textContent = rows.length
    ? text("Rows {first} to {last} of {all}", {
        first: whole(start + 1),
        last: whole(start + rows.length),
        all: whole(total),
      })
    : text("no rows");
  byId("rows-detect").href = closer(shown.run, first, last);
  byId("rows-before").disabled = start === 0;
  byId("rows-after").disabled = following === null;
  dialog.querySelector(".rows-list").scrollTop = 0;
  if (!dialog.open) dialog.showModal();
}

function turnPage(start) {
  shown.start = start;
  load();
}

byId("rows-close").addEventListener("click", () => dialog.close());
byId("rows-flagged").addEventListener("change", () => turnPage(0));
byId("rows-before").addEventListener("click", () => turnPage(Math.max(0, shown.start - 100)));
byId("rows-after").addEventListener("click", () => turnPage(shown.following));
dialog.addEventListener("click", (click) => click.target === dialog && dialog.close()); // beside it
