// One sensor over time: follows the sensor chosen, the result, and the part of the time that is looked at.
import { ask, queryOf, showProblem } from "../api.js";
import { byId, element, percent, text, whole } from "../text.js";
import { draw, onEvent } from "./chart.js";

const POINTS = 3000;
const chart = byId("series");
const select = byId("sensor");
/** @type {any} */
const view = { dataset: null, run: null, sensor: null, start: null, end: null, axis: "row", firstRow: 1 };
/** @type {AbortController | null} */
let asked = null;
const followers = [];

export const onSensor = (follower) => followers.push(follower);
export const current = () => ({ ...view });

export function address(sensor, query) {
  return `/plot/${encodeURIComponent(sensor)}?${queryOf(query)}`;
}

export function offer(sensors, shares = new Map()) {
  select.replaceChildren(
    ...sensors.map((sensor) => {
      const share = shares.get(sensor);
      return element("option", { value: sensor, content: share ? `${sensor} (${percent(share, 0)})` : sensor });
    }),
  );
}

// A data set without a result, or with one whose figure is already here.
export async function show({ dataset, run = null, sensor, start = null, end = null, figure = null }) {
  Object.assign(view, { dataset, run, sensor, start, end });
  select.value = sensor;
  if (figure) await put(figure);
  else await load();
}

// The same place once more, after the flags have changed.
export const reload = () => load();

export async function zoom(start, end) {
  Object.assign(view, { start, end });
  await load();
}

export async function choose(sensor, [start, end] = [view.start, view.end]) {
  Object.assign(view, { sensor, start, end });
  select.value = sensor;
  await load();
  for (const follower of followers) follower(sensor);
}

async function load() {
  asked?.abort();
  asked = new AbortController();
  const { run, sensor, start, end } = view;
  const dataset = run ? null : view.dataset;
  chart.setAttribute("aria-busy", "true");
  try {
    await put(await ask(address(sensor, { dataset, run, start, end, points: POINTS }), { signal: asked.signal }));
  } catch (problem) {
    showProblem(problem);
  } finally {
    chart.removeAttribute("aria-busy");
  }
}

async function put(figure) {
  const { meta } = figure.layout;
  view.axis = meta.axis;
  view.firstRow = meta.first_row;
  byId("zoom-out").disabled = view.start === null && view.end === null;
  const left = meta.lines < meta.lines_total;
  byId("series-note").textContent = left
    ? text("{shown} of {all} lines are drawn: those with most flagged rows or abnormal wafers.", {
        shown: whole(meta.lines),
        all: whole(meta.lines_total),
      })
    : "";
  await draw(chart, figure);
}

let waiting;
onEvent(chart, "plotly_relayout", (change) => {
  const reset = change["xaxis.autorange"];
  const start = change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0];
  const end = change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1];
  if (!reset && start === undefined) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => (reset ? zoom(null, null) : zoom(start, end)), 200);
});

select.addEventListener("change", () => choose(select.value));
byId("zoom-out").addEventListener("click", () => zoom(null, null));
