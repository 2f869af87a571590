// The running trace of one chamber: its score with the limits, and one sensor.
import { announce, ask, clearProblem, Problem, queryOf, showProblem } from "../api.js";
import { byId, element, significant, text, time } from "../text.js";

const ROWS = 600;
const WIDTH = 1000;
const HEIGHT = 150;
/** @type {any} */
let now = null;

/**
 * Follow a chamber from now on.
 *
 * @param {{ source: string, equipment: string }} chamber
 * @param {string | null} [sensor] that is shown first; left out: the one shown before
 */
export async function choose(chamber, sensor = null) {
  now = { ...chamber, trace: null, sensor };
  byId("trace").hidden = false;
  byId("trace-title").textContent = chamber.equipment;
  await update();
}

/** Whether a chamber was chosen. */
export const isChosen = () => now !== null;

/** Read the rows that have come since. */
export async function update() {
  const mine = now;
  if (mine === null) return;
  const positions = mine.trace?.positions ?? [];
  const after = positions.length ? positions[Math.max(0, positions.length - 64)] : 0; // scores may come after their rows
  const place = `/live/${encodeURIComponent(mine.source)}/${encodeURIComponent(mine.equipment)}/rows`;
  let found;
  try {
    found = await ask(`${place}?${queryOf({ rows: ROWS, after })}`);
  } catch (problem) {
    if (problem instanceof Problem) return; // the strip says that the connection is lost
    throw problem;
  }
  if (mine !== now) return;
  mine.trace = mine.trace ? joined(mine.trace, found, after) : found;
  show(mine.trace);
}

function joined(before, more, after) {
  const keep = before.positions.findLastIndex((position) => position <= after) + 1;
  const cut = (old, fresh) => [...old.slice(0, keep), ...fresh].slice(-ROWS);
  const lists = ["positions", "times", "early", "settled", "wafers", "steps"];
  const values = more.sensors.map((_, at) =>
    cut(before.values[at] ?? before.positions.map(() => null), more.values[at]),
  );
  return { ...more, ...Object.fromEntries(lists.map((name) => [name, cut(before[name], more[name])])), values };
}

function show(trace) {
  const select = byId("trace-sensor");
  offer(select, trace.sensors);
  if (now.sensor && trace.sensors.includes(now.sensor)) select.value = now.sensor;
  now.sensor = null; // from here on what is chosen stays
  const sensor = Math.max(0, trace.sensors.indexOf(select.value));
  const limits = [trace.threshold, trace.lower_threshold].filter((value) => value !== null);
  if (trace.early.some((value) => value !== null)) {
    draw(byId("trace-score"), text("Anomaly score"), trace.early, limits);
  } else {
    byId("trace-score").replaceChildren(element("p", { className: "trace-head", content: unscored(trace.monitor) }));
  }
  draw(byId("trace-values"), trace.sensors[sensor] ?? "", trace.values[sensor] ?? [], []);
  const last = trace.times.at(-1);
  const wafer = trace.wafers.at(-1);
  const parts = [
    last ? text("last row {time}", { time: time(last) }) : "",
    wafer ? text("wafer {wafer}", { wafer }) : "",
    trace.steps.at(-1) ?? "",
    trace.monitor ?? "",
  ];
  byId("trace-state").textContent = parts.filter(Boolean).join(" · ");
}

const unscored = (monitor) =>
  monitor
    ? text("No score yet: its monitor has judged none of these rows.")
    : text("No score: no monitor watches this chamber.");

// The sensors of the chamber; the one that is shown stays where the chamber has it.
function offer(select, sensors) {
  if (JSON.stringify([...select.options].map(({ value }) => value)) === JSON.stringify(sensors)) return;
  const before = select.value;
  select.replaceChildren(...sensors.map((name) => element("option", { value: name, content: name })));
  if (sensors.includes(before)) select.value = before;
}

function draw(box, title, values, limits) {
  const known = [...values.filter((value) => value !== null), ...limits];
  const low = Math.min(...known, limits.length ? 0 : Number.POSITIVE_INFINITY);
  const high = Math.max(...known);
  const scale = high > low ? high - low : 1;
  const y = (value) => (HEIGHT - 8 - ((value - low) / scale) * (HEIGHT - 16)).toFixed(1);
  const step = WIDTH / Math.max(1, values.length - 1);
  const lines = limits.map((limit) => `M0,${y(limit)}H${WIDTH}`);
  const path = values
    .map((value, at) =>
      value === null ? "" : `${values[at - 1] == null ? "M" : "L"}${(at * step).toFixed(1)},${y(value)}`,
    )
    .join("");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
  })) {
    picture.setAttribute(name, value);
  }
  picture.setAttribute("aria-label", title);
  for (const [d, kind] of [...lines.map((line) => [line, "trace-limit"]), [path, "trace-line"]]) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", d);
    shape.setAttribute("class", kind);
    picture.append(shape);
  }
  const latest = values.findLast((value) => value !== null) ?? null;
  const words = [
    title,
    significant(latest),
    limits.length ? text("limit {value}", { value: significant(limits[0]) }) : "",
  ];
  box.replaceChildren(element("p", { className: "trace-head", content: words.filter(Boolean).join(" · ") }), picture);
}

async function maintain(ended) {
  if (now === null) return;
  const { equipment } = now;
  const body = ended ? { ended } : { note: byId("maintenance-note").value.trim() };
  clearProblem();
  try {
    await ask(`/live/${encodeURIComponent(equipment)}/maintenance`, { method: "POST", body });
    byId("maintenance-note").value = "";
    announce(
      ended
        ? text("Maintenance ended: {equipment}", { equipment })
        : text("Maintenance begun: {equipment}", { equipment }),
    );
  } catch (problem) {
    showProblem(problem);
  }
}

byId("trace-sensor").addEventListener("change", () => show(now.trace));
byId("maintenance-begin").addEventListener("click", () => maintain(false));
byId("maintenance-end").addEventListener("click", () => maintain(true));
