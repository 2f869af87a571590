// Tiles of chambers, the worst first, with their state in words and the course of their highest scores.
import { byId, duration, element, text, whole } from "../text.js";

const WIDTH = 120;
const HEIGHT = 26;
const STATES = {
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

/** Show the chambers; `choose` is called with one that is clicked. */
export function showTiles(answer, choose) {
  byId("no-chamber").hidden = answer.chambers.length > 0;
  const tiles = answer.chambers.map((chamber) => tileOf(chamber, choose));
  const list = byId("chambers");
  const focus = list.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
  list.replaceChildren(...tiles);
  if (focus) [...list.querySelectorAll("button")].find((one) => one.dataset.key === focus)?.focus();
  const rest = answer.total - answer.chambers.length;
  byId("more-chambers").hidden = rest <= 0;
  byId("more-chambers").textContent = text("and {count} more", { count: whole(rest) });
}

function tileOf(chamber, choose) {
  const state = chamber.severity ? "alarm" : chamber.state;
  const tile = element(
    "button",
    {
      type: "button",
      className: `chamber chamber-${state}${chamber.severity ? ` chamber-${chamber.severity}` : ""}`,
      "data-key": keyOf(chamber),
      "aria-pressed": String(keyOf(chamber) === chosen),
      title: chamber.reason ?? chamber.monitor ?? "",
    },
    element("span", { className: "chamber-name", content: chamber.equipment }),
    element("span", { className: "chamber-state", content: STATES[state]() }),
    sparkline(chamber.course, chamber.threshold),
    element("span", {
      className: "chamber-age",
      content: text("data {age} old", { age: duration(Math.max(1, Math.round(chamber.lag_s))) }),
    }),
  );
  tile.addEventListener("click", () => {
    chosen = keyOf(chamber);
    for (const one of byId("chambers").querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(one.dataset.key === chosen));
    }
    choose(chamber);
  });
  return element("li", {}, tile);
}

const svg = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
};

/** The highest score of each ten seconds, and the threshold. */
function sparkline(course, threshold) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chamber-course", "aria-hidden": "true" });
  const top = Math.max(threshold ?? 0, ...course, 1e-9) * 1.1;
  const y = (value) => (HEIGHT - (Math.max(0, value) / top) * HEIGHT).toFixed(1);
  if (threshold !== null) {
    picture.append(svg("line", { x1: 0, x2: WIDTH, y1: y(threshold), y2: y(threshold), class: "course-limit" }));
  }
  const step = WIDTH / Math.max(1, course.length - 1);
  const points = course.map((value, at) => `${(at * step).toFixed(1)},${y(value)}`).join(" ");
  if (course.length) picture.append(svg("polyline", { points, class: "course-line" }));
  return picture;
}
