// Which detector finds which fault: labelled ones as a grid, injected ones by kind and size.

import { sortable } from "../table.js";
import { byId, element, isTime, percent, significant, text, time, whole } from "../text.js";
import { detectorCell, orDash, points, titleOf } from "./table.js";

const MOST_FAULTS = 200; // lines of the grid

/**
 * @param {any} answer
 * @param {(hit: any, button: any) => void} open opens the event that found a fault
 */
export function showGrid({ labelled_faults: faults, agreement }, open) {
  byId("grid-panel").hidden = !faults.length;
  if (!faults.length) return;
  const detectors = agreement.detectors;
  const shown = faults.slice(0, MOST_FAULTS);
  const head = element(
    "tr",
    {},
    element("th", { scope: "col", content: text("Fault") }),
    ...detectors.map((name) =>
      element("th", { scope: "col", className: "tall" }, element("span", { content: titleOf(name) })),
    ),
  );
  const lines = shown.map((fault) => line(fault, detectors, open));
  byId("grid").replaceChildren(element("thead", {}, head), element("tbody", {}, ...lines));
  byId("grid").querySelector("button")?.setAttribute("tabindex", "0");
  const none = faults.filter((fault) => !Object.keys(fault.found_by).length).length;
  byId("grid-note").textContent = [
    none ? text("Found by no detector: {count} of {all}.", { count: whole(none), all: whole(faults.length) }) : "",
    faults.length > MOST_FAULTS ? text("The first {count} are shown.", { count: whole(MOST_FAULTS) }) : "",
  ].join(" ");
}

function line(fault, detectors, open) {
  const cells = detectors.map((name) => {
    const hit = fault.found_by[name];
    if (!hit) return element("td", {}, element("span", { className: "miss", content: "□", title: text("missed") }));
    const title = text("{detector}: found after {delay}. Open the event", {
      detector: titleOf(name),
      delay: points(hit.delay),
    });
    const button = element("button", { type: "button", className: "hit", content: "■", title, tabindex: "-1" });
    button.setAttribute("aria-label", title);
    button.addEventListener("click", () => open({ detector: name, event: hit.event, peak_row: hit.peak_row }, button));
    return element("td", {}, button);
  });
  return element("tr", {}, element("th", { scope: "row", content: faultTitle(fault) }), ...cells);
}

function faultTitle(fault) {
  const start = fault.start === null ? text("row {row}", { row: whole(fault.start_row + 1) }) : fault.start;
  const when = isTime(start) ? time(start) : typeof start === "number" ? significant(start, 12) : start;
  return [when, fault.equipment, points(fault.rows)].filter(Boolean).join(" · ");
}

// Arrows go from found fault to found fault; Enter opens.
byId("grid").addEventListener("keydown", (event) => {
  const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const cell = event.target.closest("td");
  if (!moves || !cell) return;
  event.preventDefault();
  const rows = [...byId("grid").tBodies[0].rows];
  let [row, column] = [rows.indexOf(cell.parentElement), cell.cellIndex];
  for (;;) {
    row += moves[0];
    column += moves[1];
    const next = column > 0 ? rows[row]?.cells[column] : undefined;
    if (!next) return;
    const button = next.querySelector("button");
    if (button) {
      event.target.setAttribute("tabindex", "-1");
      button.setAttribute("tabindex", "0");
      button.focus();
      return;
    }
  }
});

const SIZES = { small: text("Small"), medium: text("Medium"), large: text("Large") };

const sourceOf = (source) =>
  source === "reference"
    ? text("Normal rows: the second half of the reference; the first half was learnt from.")
    : text(
        "Normal rows: those of the second half that no detector flags and no label names; the first half was learnt from.",
      );

export function showInjected({ faults, rows, rounds, allowed, source, detectors }) {
  const about = { faults: whole(faults), rows: whole(rows), rounds: whole(rounds), allowed: percent(allowed, 0) };
  byId("faults-charts").hidden = !faults;
  byId("faults-about").textContent = faults
    ? `${text("{faults} faults in {rows} normal rows, {rounds} rounds. Every detector may flag {allowed} of the rows without faults.", about)} ${sourceOf(source)}`
    : text("No fault found room in these data: more normal rows of sensors that move are needed.");
  if (!faults) return;
  const sizes = ["small", "medium", "large"].filter((size) => detectors.some((one) => one.sizes[size]));
  const share = (value) => orDash(value, (one) => percent(one, 0));
  const columns = [
    { title: text("Detector"), value: (one) => titleOf(one.detector), cell: detectorCell },
    {
      title: text("Injected faults found"),
      className: "number",
      first: -1,
      value: (one) => one.total.recall,
      cell: (one) => share(one.total.recall),
    },
    {
      title: text("95 % interval"),
      className: "number wide",
      value: (one) => one.low,
      cell: (one) => (one.low === null ? "–" : `${percent(one.low, 0)} – ${percent(one.high, 0)}`),
    },
    ...sizes.map((size) => ({
      title: SIZES[size],
      className: "number wide",
      first: -1,
      value: (one) => one.sizes[size]?.recall,
      cell: (one) => share(one.sizes[size]?.recall),
    })),
    {
      title: text("Delay"),
      className: "number",
      value: (one) => one.total.delay,
      cell: (one) => orDash(one.total.delay, points),
    },
    {
      title: text("False alarms"),
      className: "number wide",
      value: (one) => one.false_alarms,
      cell: (one) => orDash(one.false_alarms, (value) => percent(value, 2)),
    },
  ];
  sortable(byId("fault-table"), columns, { sort: [1, -1] }).show(detectors);
}
