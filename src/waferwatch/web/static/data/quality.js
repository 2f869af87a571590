// The quality report: what to look at first, then every sensor.
import { ask, showProblem } from "../api.js";
import { unfolds } from "../charts/grid.js";
import { fixButton } from "../findings/fix.js";
import { sortable } from "../table.js";
import {
  byId,
  counted,
  duration,
  element,
  percent,
  seconds,
  secondsBetween,
  significant,
  text,
  whole,
} from "../text.js";
import { SEVERITIES } from "../words.js";
import { place } from "./measures.js";

const BATCH = 50; // sparklines asked for at once
unfolds(byId("sensors-open"), text("Show all columns"), text("Show fewer columns"));
const SVG = "http://www.w3.org/2000/svg";
/** @type {any} */
let dataset = null;
/** @type {any} */
let report = null;
/** @type {AbortController | null} */
let stop = null;
const followers = {};

export const onPlace = (go) => {
  followers.row = go;
};
export const onFixed = (follower) => {
  followers.fixed = follower;
};
export const onColumns = (go) => {
  followers.columns = go;
};

// Gives up what is still being asked of the data set.
export const leave = () => stop?.abort();

export async function show(chosen) {
  dataset = chosen;
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  busy(true);
  try {
    report = await ask(`/datasets/${dataset.id}/quality`, { signal });
  } catch (problem) {
    if (!signal.aborted) {
      busy(false);
      byId("quality-found").hidden = true;
      showProblem(problem);
    }
    return;
  }
  busy(false);
  tiles();
  findings();
  equipment();
  gaps();
  sensors(signal);
}

function busy(on) {
  byId("quality-pane").setAttribute("aria-busy", on);
  byId("quality-wait").hidden = !on;
  byId("quality-found").hidden = on;
}

const spell = (value) => {
  if (value === null) return "–";
  if (!report.timing.dated) return significant(value, 4);
  return value < 120 ? seconds(value) : duration(value);
};

function tile(term, value, under = "") {
  const box = element(
    "div",
    { className: "tile" },
    element("dt", { content: term }),
    element("dd", { content: value }),
  );
  if (under) box.append(element("dd", { className: "under", content: under }));
  return box;
}

function tiles() {
  const { timing, rows, series, sensors: all } = report;
  const boxes = [
    tile(text("Rows"), whole(rows), counted("{count} series", "{count} series", series)),
    tile(text("Sensors"), whole(all.length)),
  ];
  if (timing.start !== null) {
    const span = timing.dated ? secondsBetween(timing.start, timing.end) : timing.end - timing.start;
    boxes.push(tile(text("Time span"), spell(span), `${place(timing.start)} – ${place(timing.end)}`));
    const jitter =
      timing.jitter === null
        ? ""
        : text("varies by {share}", { share: percent(timing.jitter, timing.jitter && timing.jitter < 0.1 ? 1 : 0) });
    boxes.push(tile(text("Sampling"), spell(timing.period), jitter));
    boxes.push(
      tile(
        text("Gaps in time"),
        whole(timing.gap_count),
        timing.gap_count ? text("together {length}", { length: spell(timing.gap_length) }) : "",
      ),
    );
    boxes.push(
      tile(
        text("Same time twice"),
        whole(timing.again),
        timing.again ? counted("{count} with the same values", "{count} with the same values", timing.repeated) : "",
      ),
    );
  }
  byId("quality-tiles").replaceChildren(...boxes);
}

const severity = (name) => element("span", { className: `severity severity-${name}`, content: SEVERITIES[name] });

function button(label, act) {
  const made = element("button", { type: "button", className: "btn btn-sm btn-outline-primary", content: label });
  made.addEventListener("click", act);
  return made;
}

function findings() {
  const entries = report.findings.map((finding) => {
    const actions = element("div", { className: "actions" });
    const fix = fixButton(dataset, finding, followers.fixed, showProblem);
    if (fix) actions.append(fix);
    if (finding.row !== null) {
      const number = whole(finding.row + dataset.first_row);
      actions.append(button(text("Row {row}", { row: number }), () => followers.row(finding.row, finding.columns[0])));
    }
    if (finding.columns.length) actions.append(button(text("Roles"), () => followers.columns(finding.columns)));
    const words = element(
      "div",
      { className: "text" },
      element("div", { content: finding.message }),
      element("div", { className: "hint", content: finding.hint }),
    );
    return element("li", { "data-kind": finding.kind }, severity(finding.severity), words, actions);
  });
  const fine = element("li", {
    className: "fine",
    content: text("Nothing stands out: no gaps, no stuck or constant sensor, nothing missing."),
  });
  byId("findings").replaceChildren(...(entries.length ? entries : [fine]));
}

function equipment() {
  const found = report.equipment;
  byId("equipment-box").hidden = found.length < 2;
  sortable(byId("equipment"), [
    { title: text("Equipment"), value: (one) => one.name, cell: (one) => one.name || text("(empty)") },
    { title: text("Rows"), value: (one) => one.rows, cell: (one) => whole(one.rows), className: "number", first: -1 },
    {
      title: text("Series"),
      value: (one) => one.series,
      cell: (one) => whole(one.series),
      className: "number",
      first: -1,
    },
    { title: text("Start"), value: (one) => one.start, cell: (one) => place(one.start) },
    { title: text("End"), value: (one) => one.end, cell: (one) => place(one.end) },
  ]).show(found);
  byId("equipment-more").hidden = report.equipment_total <= found.length;
  byId("equipment-more").textContent = text("The first {shown} of {all} are listed.", {
    shown: whole(found.length),
    all: whole(report.equipment_total),
  });
}

function gaps() {
  const found = report.timing.gaps;
  byId("gaps-box").hidden = !found.length;
  sortable(byId("gaps"), [
    { title: text("Length"), value: (gap) => gap.length, cell: (gap) => spell(gap.length), first: -1 },
    {
      title: text("Ends in"),
      value: (gap) => gap.row,
      cell: (gap) =>
        button(text("Row {row}", { row: whole(gap.row + dataset.first_row) }), () => followers.row(gap.row)),
    },
    { title: text("Group"), value: (gap) => gap.group, cell: (gap) => gap.group },
  ]).show(found);
}

function sensors(signal) {
  const lines = sparkLines(signal);
  const numbers = new Map(report.sensors.map((sensor, at) => [sensor.name, at]));
  const share = (value) => (value ? (value < 0.001 ? `<${percent(0.001)}` : percent(value)) : "–");
  const odd = (content, is) => (is ? element("b", { className: "odd", content }) : content);
  const table = sortable(byId("sensors"), [
    { title: text("Sensor"), value: (one) => one.name, cell: (one) => one.name, className: "sensor" },
    { title: text("Course"), cell: (one) => lines.cell(numbers.get(one.name)) },
    {
      title: text("Finding"),
      value: (one) => ["note", "warning", "serious"].indexOf(one.severity),
      cell: (one) => (one.severity ? severity(one.severity) : ""),
      first: -1,
    },
    {
      title: text("Missing"),
      value: (one) => one.missing_share,
      cell: (one) => share(one.missing_share),
      className: "number",
      first: -1,
    },
    { title: text("Lowest"), value: (one) => one.low, cell: (one) => significant(one.low, 5), className: "number" },
    {
      title: text("Median"),
      value: (one) => one.median,
      cell: (one) => significant(one.median, 5),
      className: "number",
    },
    { title: text("Highest"), value: (one) => one.high, cell: (one) => significant(one.high, 5), className: "number" },
    {
      title: text("Different values"),
      value: (one) => one.distinct ?? Infinity,
      cell: (one) => (one.distinct === null ? text("over {count}", { count: whole(1000) }) : whole(one.distinct)),
      className: "number rare",
    },
    {
      title: text("Longest standstill"),
      value: (one) => one.longest_run,
      cell: (one) => whole(one.longest_run),
      className: "number rare",
      first: -1,
    },
    {
      title: text("Stuck rows"),
      value: (one) => one.stuck_rows,
      cell: (one) => (one.stuck_rows ? odd(whole(one.stuck_rows), true) : "–"),
      className: "number",
      first: -1,
    },
    {
      title: text("Far values"),
      value: (one) => one.outlier_share,
      cell: (one) => share(one.outlier_share),
      className: "number",
      first: -1,
    },
    {
      title: text("Look at row"),
      cell: (one) =>
        one.row === null ? "" : button(whole(one.row + dataset.first_row), () => followers.row(one.row, one.name)),
    },
  ]);
  const search = byId("sensor-search");
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    table.show(report.sensors.filter((sensor) => sensor.name.toLowerCase().includes(wanted)));
  };
  search.oninput = draw;
  draw();
}

// Sparklines are asked for when they come into view, a batch at a time.
function sparkLines(signal) {
  const batches = new Map();
  const images = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) see(target);
  });

  function see(image) {
    if (!images.delete(image)) return;
    watcher.unobserve(image);
    fill(image, Number(image.getAttribute("data-sensor")));
  }

  signal.addEventListener("abort", () => watcher.disconnect());
  // The page may be printed at any moment: the first ones are there even when nobody scrolls.
  requestIdleCallback(() => {
    for (const image of [...images].slice(0, BATCH)) see(image);
  });

  async function fill(image, number) {
    const batch = Math.floor(number / BATCH);
    if (!batches.has(batch)) {
      batches.set(batch, ask(`/datasets/${dataset.id}/sparklines?first=${batch * BATCH}&count=${BATCH}`, { signal }));
    }
    try {
      const { sparklines } = await batches.get(batch);
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", outline(sparklines[number - batch * BATCH]));
      image.replaceChildren(path);
    } catch {
      // without its course the sensor is still described
    }
  }

  return {
    cell(number) {
      const image = document.createElementNS(SVG, "svg");
      image.setAttribute("class", "spark");
      image.setAttribute("viewBox", "0 0 100 20");
      image.setAttribute("preserveAspectRatio", "none");
      image.setAttribute("aria-hidden", "true");
      image.dataset.sensor = number;
      images.add(image);
      watcher.observe(image);
      return image;
    },
  };
}

// The band between lowest and highest values; it breaks where there are none.
function outline({ low, high }) {
  const present = [...low, ...high].filter((value) => value !== null);
  if (!present.length) return "";
  const [least, most] = [Math.min(...present), Math.max(...present)];
  const x = (at) => ((at / Math.max(1, low.length - 1)) * 100).toFixed(1);
  const y = (value) => (most > least ? 19 - ((value - least) / (most - least)) * 18 : 10).toFixed(1);
  const stretches = [];
  let current = [];
  low.forEach((value, at) => {
    if (value === null) current = [];
    else {
      if (!current.length) stretches.push(current);
      current.push(at);
    }
  });
  return stretches
    .map((places) => {
      const over = places.map((at) => `${x(at)} ${y(high[at])}`);
      const under = [...places].reverse().map((at) => `${x(at)} ${y(low[at])}`);
      return `M${over.join("L")}L${under.join("L")}Z`;
    })
    .join("");
}
