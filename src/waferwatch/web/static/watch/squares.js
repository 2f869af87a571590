// One square for each chamber of a group, on a canvas: 5,000 chambers cost no more to show than fifty.
import { element, text } from "../text.js";
import { STATES } from "./tiles.js";

const SIDE = 11;
const GAP = 2;
const CELLS = {
  S: "alarm",
  C: "alarm",
  W: "alarm",
  ".": "watched",
  l: "learning",
  m: "maintenance",
  n: "silent",
  x: "cannot_score",
  o: "no_monitor",
};
const FILLS = { S: "--grid-severe", C: "--grid-clear", W: "--grid-weak", ".": "--squares-watched", l: "--accent" };

/**
 * Squares that can be looked at with the pointer and with the arrow keys.
 *
 * @param {(at: number) => void} choose called with the number of the square that is pressed
 */
export function squares(choose) {
  const canvas = element("canvas", { className: "squares", tabindex: 0, role: "application" });
  const label = element("output", { className: "squares-label form-text" });
  const shown = { cells: "", names: /** @type {string[]} */ ([]), columns: 1, at: -1, painted: "" };

  const point = (at) => {
    shown.at = at;
    const cell = shown.cells[at];
    label.textContent = cell ? `${shown.names[at]} · ${STATES[CELLS[cell]]()}` : "";
    canvas.dataset.held = label.textContent; // a finger has no pointer that rests
    paint(canvas, shown);
  };
  const under = (event) => {
    const [column, row] = [event.offsetX, event.offsetY].map((place) => Math.floor(place / (SIDE + GAP)));
    const at = row * shown.columns + column;
    return column < shown.columns && at < shown.cells.length ? at : -1; // -1: beside the squares
  };
  for (const event of ["pointerdown", "pointermove"]) canvas.addEventListener(event, (at) => point(under(at)));
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("blur", () => point(-1));
  canvas.addEventListener("focus", () => point(0));
  canvas.addEventListener("click", (event) => under(event) >= 0 && choose(under(event)));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && shown.at >= 0) choose(shown.at);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -shown.columns, ArrowDown: shown.columns };
    if (!(event.key in steps)) return;
    event.preventDefault();
    point(Math.min(shown.cells.length - 1, Math.max(0, shown.at + steps[event.key])));
  });
  document.addEventListener("themechange", () => paint(canvas, shown));
  new ResizeObserver(() => paint(canvas, shown)).observe(canvas);

  const show = (cells, names, title) => {
    Object.assign(shown, { cells, names });
    canvas.setAttribute("aria-label", text("{group}: one square for each chamber", { group: title }));
    paint(canvas, shown);
  };
  return { box: element("div", { className: "squares-box" }, canvas, label), show };
}

// Nothing is drawn again that looks as it did.
function paint(canvas, shown) {
  const width = canvas.clientWidth;
  if (!width) return;
  const theme = document.documentElement.dataset.bsTheme;
  const wanted = [shown.cells, shown.at, width, theme, devicePixelRatio].join("|");
  if (wanted === shown.painted) return;
  const size = SIDE + GAP;
  shown.painted = wanted;
  shown.columns = Math.max(1, Math.floor(width / size));
  const height = Math.ceil(shown.cells.length / shown.columns) * size;
  canvas.style.height = `${height}px`;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  pen.scale(devicePixelRatio, devicePixelRatio);
  for (const [at, cell] of [...shown.cells].entries()) square(pen, style, cell, at, shown);
}

function square(pen, style, cell, at, { columns, at: pointed }) {
  const x = (at % columns) * (SIDE + GAP);
  const y = Math.floor(at / columns) * (SIDE + GAP);
  const fill = FILLS[cell];
  const ink = style.getPropertyValue("--ink-soft");
  if (fill) {
    pen.fillStyle = style.getPropertyValue(fill);
    pen.fillRect(x, y, SIDE, SIDE);
  } else {
    pen.strokeStyle = cell === "x" ? style.getPropertyValue("--alarm") : ink;
    pen.setLineDash(cell === "n" || cell === "o" ? [2, 2] : []);
    pen.strokeRect(x + 0.5, y + 0.5, SIDE - 1, SIDE - 1);
    pen.setLineDash([]);
    pen.beginPath(); // a cross for what cannot be scored, a bar for maintenance
    if (cell === "x") pen.moveTo(x + 2, y + 2);
    if (cell === "x") pen.lineTo(x + SIDE - 2, y + SIDE - 2);
    if (cell === "m") pen.moveTo(x + 2, y + SIDE / 2);
    if (cell === "m") pen.lineTo(x + SIDE - 2, y + SIDE / 2);
    pen.stroke();
  }
  if (at !== pointed) return;
  pen.strokeStyle = style.getPropertyValue("--ink");
  pen.lineWidth = 2;
  pen.strokeRect(x, y, SIDE, SIDE);
  pen.lineWidth = 1;
}
