// Tiles of chambers with their state in words and the course of their highest scores.
import { duration, element, text } from "../text.js";

const WIDTH = 120;
const HEIGHT = 26;
export const STATES = {
  alarm: () => text("alarm"),
  watched: () => text("watched"),
  no_monitor: () => text("no monitor"),
  cannot_score: () => text("cannot be scored"),
  unknown: () => text("unknown to its monitor"),
  no_early: () => text("its monitor has no live scores"),
  learning: () => text("learning"),
  maintenance: () => text("PM"),
  silent: () => text("no data"),
};

let chosen = "";
const keyOf = (chamber) => `${chamber.source}\n${chamber.equipment}`;
const stateOf = (chamber) => (chamber.severity ? "alarm" : chamber.state);

/**
 * Show chambers in a list. A tile stays the same element; while the pointer or the focus is in the list none moves.
 *
 * @param {HTMLElement} list
 * @param {any[]} chambers in order
 * @param {(chamber: any) => void} choose called with one that is pressed
 */
export function showTiles(list, chambers, choose) {
  const known = new Map([...list.children].map((item) => [/** @type {any} */ (item).dataset.key, item]));
  const names = new Set();
  const twice = new Set(
    chambers.map(({ equipment }) => equipment).filter((name) => names.size === names.add(name).size),
  );
  const items = chambers.map((chamber) => {
    const item = known.get(keyOf(chamber)) ?? tileOf(chamber, choose);
    update(item, chamber, twice.has(chamber.equipment));
    return item;
  });
  for (const item of known.values()) if (!items.includes(item)) item.remove();
  const held = list.matches(":hover") || list.contains(document.activeElement);
  if (held) list.append(...items.filter((item) => item.parentElement !== list));
  else if (items.some((item, at) => list.children[at] !== item)) list.append(...items);
}

/** Mark one chamber as the one whose trace runs. */
export function markChosen(chamber) {
  chosen = keyOf(chamber);
  for (const item of document.querySelectorAll(".chamber-list > li")) mark(item);
}

const mark = (item) => item.firstChild.setAttribute("aria-pressed", String(item.dataset.key === chosen));

function tileOf(chamber, choose) {
  const tile = element(
    "button",
    { type: "button" },
    element("span", { className: "chamber-name" }),
    element("span", { className: "chamber-state" }),
    svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      class: "chamber-course",
      "aria-hidden": "true",
    }),
    element("span", { className: "chamber-age" }),
  );
  const item = element("li", { "data-key": keyOf(chamber) }, tile);
  tile.addEventListener("click", () => choose(chamber));
  mark(item);
  return item;
}

// Where two sources have a chamber of one name, the tile names its source.
function update(item, chamber, twice) {
  const tile = item.firstChild;
  const [name, state, course, age] = tile.children;
  const title = twice ? `${chamber.equipment} · ${chamber.source}` : chamber.equipment;
  if (name.textContent !== title) name.textContent = title;
  const kind = stateOf(chamber);
  tile.className = `chamber chamber-${kind}${chamber.severity ? ` chamber-${chamber.severity}` : ""}`;
  tile.title = chamber.reason ?? chamber.learning?.why ?? chamber.monitor ?? "";
  const words = kind === "learning" && chamber.learning ? learning(chamber.learning) : STATES[kind]();
  if (state.textContent !== words) state.textContent = words;
  const drawn = JSON.stringify([chamber.course, chamber.threshold]);
  if (item.dataset.drawn !== drawn) {
    item.dataset.drawn = drawn;
    course.replaceChildren(...sparkline(chamber.course, chamber.threshold));
  }
  age.textContent = text("data {age} old", { age: duration(Math.max(1, Math.round(chamber.lag_s))) });
}

const learning = ({ have, need, unit }) =>
  unit === "wafers"
    ? text("learning, {have} of {need} wafers", { have, need })
    : text("learning, {have} of {need} rows", { have, need });

const svg = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
};

/** The highest score of each ten seconds, and the threshold. */
function sparkline(course, threshold) {
  const shapes = [];
  const top = Math.max(threshold ?? 0, ...course, 1e-9) * 1.1;
  const y = (value) => (HEIGHT - (Math.max(0, value) / top) * HEIGHT).toFixed(1);
  if (threshold !== null) {
    shapes.push(svg("line", { x1: 0, x2: WIDTH, y1: y(threshold), y2: y(threshold), class: "course-limit" }));
  }
  const step = WIDTH / Math.max(1, course.length - 1);
  const points = course.map((value, at) => `${(at * step).toFixed(1)},${y(value)}`).join(" ");
  if (course.length) shapes.push(svg("polyline", { points, class: "course-line" }));
  return shapes;
}
