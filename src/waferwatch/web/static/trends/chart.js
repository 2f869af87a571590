// The figure of a trend: a press opens a wafer; dragging selects and changes nothing until something is chosen.
import { change, draw, onEvent } from "../charts/chart.js";
import { place } from "../charts/marks.js";
import { byId, counted, page, text } from "../text.js";

const chart = byId("chart");
/** @type {any} */
let shown = null; // the answer that is drawn
/** @type {any} */
let chosen = null; // stretch that is selected
/** @type {any[]} */
const former = []; // ranges of before
/** @type {any} */
let range = { from: null, to: null };
const does = {
  wafer: /** @type {(number: number) => void} */ (() => {}),
  range: /** @type {(from: any, to: any) => void} */ (() => {}),
  mark: /** @type {(kind: string, chosen: any) => void} */ (() => {}),
};

export const onWafer = (follower) => {
  does.wafer = follower;
};
export const onRange = (follower) => {
  does.range = follower;
};
export const onMark = (follower) => {
  does.mark = follower;
};

export async function show(answer, view) {
  shown = answer;
  drawnPoints = null;
  look(view.from, view.to);
  select(null);
  await draw(chart, figure(view.wafer));
}

/**
 * Shows another stretch of the x axis, without asking the server where every point is drawn.
 *
 * @returns {boolean} whether that was so
 */
export function zoomed({ from, to }) {
  const every = shown.panels.reduce((sum, panel) => sum + panel.points, 0);
  if (points().length < every) return false;
  look(from, to);
  const { range: _, ...axis } = shown.figure.layout.xaxis;
  shown.figure.layout.xaxis = from && to ? { ...axis, range: [from, to] } : { ...axis, autorange: true };
  select(null);
  change(chart, { selections: [], ...(from && to ? { "xaxis.range": [from, to] } : { "xaxis.autorange": true }) });
  return true;
}

function look(from, to) {
  range = { from, to };
  byId("undo-zoom").disabled = !former.length;
  byId("whole").disabled = !from;
}

/** Shows which wafer is looked at. */
export async function ring(wafer) {
  if (shown) await draw(chart, figure(wafer));
}

// With a line through the wafer that is looked at.
function figure(wafer) {
  const { data, layout } = shown.figure;
  const at = points().find(({ number }) => String(number) === String(wafer));
  const line = at
    ? [
        {
          type: "line",
          x0: at.x,
          x1: at.x,
          y0: 0,
          y1: 1,
          xref: "x",
          yref: "paper",
          line: { color: "var(--ink)", width: 1 },
        },
      ]
    : [];
  const shapes = [...layout.shapes, ...line];
  return { data, layout: { ...layout, shapes, dragmode: "select", selectdirection: "h", selections: [] } };
}

// The calm points of all panels: every wafer that is drawn, once.
const points = () => (drawnPoints ??= pointsOf(shown.figure.data));
/** @type {any[] | null} */
let drawnPoints = null;

const pointsOf = (traces) =>
  traces
    .filter(({ name }) => name !== undefined)
    .flatMap(({ x, customdata, text: names, yaxis }) =>
      x.flatMap((at, index) =>
        at === null // where the line is broken
          ? []
          : {
              x: at,
              number: customdata[index],
              name: names[index].replace(/<br>.*/, "").replace(/<[^>]*>/g, ""),
              panel: Number(yaxis.slice(1) || 1) - 1,
            },
      ),
    );

onEvent(chart, "plotly_click", ({ points: [point] }) => point?.customdata && does.wafer(point.customdata));
onEvent(chart, "plotly_selected", (event) => {
  if (!event?.range?.x) return;
  const axis = Object.keys(event.range).find((name) => name.startsWith("y"));
  take(event.range.x[0], event.range.x[1], Number(axis?.slice(1) || 1) - 1);
});

const value = (x) => (typeof x === "number" ? x : Date.parse(`${String(x).replace(" ", "T")}Z`));

// The wafers of one panel within a stretch of the x axis. A pause holds none: a maintenance can be marked in it.
function take(first, last, panel) {
  const [low, high] = [first, last].sort((one, two) => value(one) - value(two));
  const inside = points().filter(
    (point) => point.panel === panel && value(point.x) >= value(low) && value(point.x) <= value(high),
  );
  if (inside.length) select(inside, panel);
  else offer({ start: written(low), end: written(high), wafers: [] }, panel, 0);
}

// How many of the wafers in a stretch are beyond a limit: what one is about to call normal.
function beyond(panel, { start, end }) {
  const axis = `y${panel ? panel + 1 : ""}`;
  const off = shown.figure.data.filter(({ yaxis, marker }) => yaxis === axis && /^triangle/.test(marker?.symbol));
  const inside = (x) => value(x) >= value(start) && value(x) <= value(end);
  return off.reduce((count, { x }) => count + x.filter(inside).length, 0);
}

// A place between wafers, to the second.
const written = (x) => (typeof x === "number" ? x : String(x).replace(" ", "T").replace(/\..*/, ""));

function select(inside, panel = 0) {
  chosen = null;
  byId("chosen").hidden = true;
  if (!inside?.length) return;
  const wafers = [...new Set(inside.map(({ name }) => name.replace(" / ", "/")))];
  offer({ start: inside[0].x, end: inside.at(-1).x, wafers }, panel, inside.length);
}

function offer(stretch, panel, count) {
  const equipment = shown.panels[panel]?.equipment ?? "";
  chosen = { ...stretch, start: String(stretch.start), end: String(stretch.end), equipment: equipment || null };
  const wafers = count ? counted("{count} wafer", "{count} wafers", count) : text("no wafer ran");
  const off = beyond(panel, stretch);
  const warned = off ? counted("{count} of them beyond a limit", "{count} of them beyond a limit", off) : "";
  const where = [`${place(chosen.start)} – ${place(chosen.end)}`, wafers, warned, equipment];
  byId("chosen-text").textContent = where.filter(Boolean).join(" · ");
  for (const act of ["normal", "left_out"]) byId("chosen").querySelector(`[data-act=${act}]`).hidden = !count;
  byId("chosen").hidden = false;
}

function zoom(from, to) {
  former.push(range);
  if (former.length > 50) former.shift();
  does.range(from, to);
}

const ACTS = {
  zoom: () => zoom(chosen.start, chosen.end),
  normal: () => does.mark("normal", chosen),
  left_out: () => does.mark("left_out", chosen),
  pm: () => does.mark("pm", chosen),
  clear: () => {
    select(null);
    ring(null);
  },
};

byId("chosen").addEventListener("click", ({ target }) => ACTS[target.dataset.act]?.());
byId("undo-zoom").addEventListener("click", () => {
  const before = former.pop();
  if (before) does.range(before.from, before.to);
});
byId("whole").addEventListener("click", () => zoom(null, null));
byId("select-wafers").addEventListener("click", () => {
  const [from, to] = ["from-wafer", "to-wafer"].map((id) => Number(byId(id).value));
  const every = points();
  const panel = every.find(({ number }) => number === from)?.panel ?? 0;
  select(
    every.filter((point) => point.panel === panel && point.number >= from && point.number <= (to || from)),
    panel,
  );
  byId("chosen").querySelector("button")?.focus();
});
// What a selection can become, by keys while the chart has the focus.
chart.addEventListener("keydown", (event) => {
  const act = { Enter: "zoom", g: "normal", x: "left_out", m: "pm", Escape: "clear" }[event.key];
  if (!act || !chosen || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  ACTS[act]();
});
chart.title =
  page.language &&
  text("Press a point to see its trace. Drag to select wafers. Keys: b select, z former range, 0 whole range.");
