// Runs laid over one another: which of them, the figure, and the flagged ones as a table with their place in time.
import { ask } from "../api.js";
import { clear, draw, onEvent } from "../charts/chart.js";
import { offerExport } from "../exports.js";
import { sortable } from "../table.js";
import { byId, element, significant, text, whole } from "../text.js";
import { closer, placeText } from "./rows.js";

const ENVELOPE_TRACES = 3; // of the figure, before the runs
const chart = byId("overlay-chart");
/** @type {any} */
const shown = { run: null, flagged: [] };
/** @type {any} */
const wishes = { recipe: null, equipment: null, color: null };
let changed = () => {};

const columns = [
  { title: text("Run"), value: ({ name }) => name, cell: (run) => place(run) },
  {
    title: text("Group"),
    className: "wide",
    value: ({ group }) => group,
    cell: ({ group }) => group ?? text("(empty)"),
  },
  { title: text("Begins"), className: "wide", value: ({ first }) => first, cell: ({ first }) => placeText(first) },
  {
    title: text("Run score"),
    className: "number",
    value: ({ score }) => score,
    cell: ({ score }) => significant(score),
    first: -1,
  },
  {
    title: text("Flagged rows"),
    className: "number",
    value: ({ flagged }) => flagged,
    cell: ({ flagged, rows }) => text("{part} of {all}", { part: whole(flagged), all: whole(rows) }),
    first: -1,
  },
];
const table = sortable(byId("runs"), columns);

const place = (run) =>
  run.first === null ? run.name : element("a", { href: closer(shown.run, run.first, run.last), content: run.name });

// Another run of the detection: nothing is chosen of it yet.
export function forget() {
  Object.assign(wishes, { recipe: null, equipment: null, color: null });
  byId("overlay").hidden = true;
}

export const onChange = (follower) => {
  changed = follower;
};

// Answers which sensor is drawn: the one asked for, or the one that carries most.
export async function show(run, sensor, colors) {
  // An empty text is a choice, too: the runs whose cell is empty.
  const chosen = Object.entries({ sensor: sensor || null, ...wishes }).filter(([, value]) => value !== null);
  const path = `/runs/${encodeURIComponent(run)}/overlay`;
  const answer = await ask(`${path}?${new URLSearchParams(chosen)}`);
  offerExport("overlay-export", `${path}/export`, chosen);
  return { sensor: answer.sensor, put: () => put(answer, run, colors) };
}

async function put(answer, run, colors) {
  Object.assign(shown, { run, flagged: answer.flagged });
  byId("overlay").hidden = false;
  offer("color", answer.figure ? colors.map((name) => ({ value: name, title: name })) : [], answer.color ?? "");
  offer("recipe", answer.recipes.map(choice), answer.recipe ?? "");
  offer("equipment", [{ value: "*", title: text("All") }, ...answer.equipments.map(choice)], answer.equipment ?? "*");
  byId("overlay-notes").replaceChildren(...answer.notes.map((note) => element("li", { content: note })));
  const counts = {
    all: whole(answer.runs),
    normal: whole(answer.normal),
    shown: whole(answer.flagged.length),
    sensor: answer.sensor,
  };
  byId("overlay-about").textContent = answer.figure
    ? text(
        "{sensor}: {all} runs, {normal} of them without a flagged row. Shown are the {shown} flagged runs with the highest scores.",
        counts,
      )
    : "";
  chart.hidden = !answer.figure;
  for (const part of [byId("runs"), byId("overlay-export")]) part.hidden = answer.flagged.length === 0;
  table.show(answer.flagged);
  if (!answer.figure) {
    clear(chart);
    return;
  }
  await draw(chart, answer.figure);
}

const choice = ({ value, runs, flagged }) => ({
  value: value ?? "",
  title: text("{value} ({flagged} of {runs} runs flagged)", {
    value: value ?? text("(empty)"),
    runs: whole(runs),
    flagged: whole(flagged),
  }),
});

function offer(id, options, chosen) {
  byId(`${id}-field`).hidden = options.length < 2;
  byId(id).replaceChildren(...options.map(({ value, title }) => element("option", { value, content: title })));
  byId(id).value = chosen;
}

function go(number) {
  const run = shown.flagged[number];
  if (run && run.first !== null) location.assign(closer(shown.run, run.first, run.last));
}

onEvent(chart, "plotly_click", ({ points }) => go(points[0].curveNumber - ENVELOPE_TRACES));
byId("recipe").addEventListener("change", ({ target }) => {
  wishes.recipe = target.value;
  changed();
});
byId("equipment").addEventListener("change", ({ target }) => {
  Object.assign(wishes, { equipment: target.selectedIndex ? target.value : null, recipe: null });
  changed();
});
byId("color").addEventListener("change", ({ target }) => {
  wishes.color = target.value;
  changed();
});
