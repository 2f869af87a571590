// Where to look: the worst places as a list, and all of them as a grid of steps and sensors.
import { enter, walkable } from "../charts/grid.js";
import { byId, element, text, whole } from "../text.js";

/** @type {Record<string, string>} */
const SIGNS = { severe: "◆", clear: "▲", weak: "●" };
const grid = byId("grid");
/** @type {(place: any) => void} */
let chosen = () => {};
let places = new Map();
/** @type {Record<string, string[]>} */
let recipesOf = {};

export const onPlace = (follower) => {
  chosen = follower;
};

export function show(answer, open) {
  places = new Map(answer.cells.map((place) => [key(place.sensor, place.step), place]));
  recipesOf = answer.recipes_of;
  const unlimited = !answer.cells.length && !byId("search").value;
  byId("far-title").hidden = !unlimited || !answer.far.length;
  byId("worst").replaceChildren(...(unlimited ? answer.far : answer.worst).map(entry));
  grid.replaceChildren(head(answer.steps), body(answer));
  enter(grid, grid.querySelector("td"));
  const left = answer.sensors_total - answer.sensors.length;
  byId("search").hidden = left <= 0 && !byId("search").value;
  byId("grid-note").textContent =
    left > 0
      ? text("{count} more sensors, all farther within their limits, are not shown: search by name.", {
          count: whole(left),
        })
      : "";
  mark(open);
}

/** Shows which place is looked at. */
export function mark({ sensor, step }) {
  for (const cell of grid.querySelectorAll("td")) {
    cell.setAttribute("aria-selected", cell.dataset.key === key(sensor, step));
  }
  for (const link of byId("worst").querySelectorAll("button")) {
    link.setAttribute("aria-pressed", link.dataset.key === key(sensor, step));
  }
}

const key = (sensor, step) => JSON.stringify([sensor, step]);

function entry(place) {
  const button = element(
    "button",
    { type: "button", className: "worst-place", "data-key": key(place.sensor, place.step), "aria-pressed": "false" },
    element("span", {
      className: `sign ${place.severity ?? ""}`,
      "aria-hidden": "true",
      content: SIGNS[place.severity] ?? "○",
    }),
    element(
      "span",
      {},
      element("b", { content: [place.title, place.equipment].filter(Boolean).join(" · ") }),
      element("span", {
        className: "worst-steps",
        content: [place.step, ...(place.also ?? [])].filter(Boolean).join(", "),
      }),
      element("span", { className: "form-text", content: place.short }),
    ),
  );
  button.addEventListener("click", () => chosen(place));
  return element("li", {}, button);
}

function head(steps) {
  const titles = steps.map((step) => element("th", { scope: "col", content: step || text("(no step)") }));
  return element("thead", {}, element("tr", {}, element("th", { scope: "col", content: text("Sensor") }), ...titles));
}

function body({ sensors, steps }) {
  const lines = sensors.map(({ sensor, title }) =>
    element("tr", {}, element("th", { scope: "row", content: title }), ...steps.map((step) => cellOf(sensor, step))),
  );
  return element("tbody", {}, ...lines);
}

function cellOf(sensor, step) {
  const place = places.get(key(sensor, step));
  if (!place) return withoutLimit(sensor, step);
  const { severity, said, beyond } = place;
  const cell = element("td", {
    className: severity ?? "within",
    tabindex: "-1",
    title: said,
    "aria-label": said,
    "data-key": key(sensor, step),
    content: severity ? `${SIGNS[severity]} ${whole(beyond)}` : "·",
  });
  cell.addEventListener("click", () => chosen(place));
  return cell;
}

// Its values can be looked at all the same.
function withoutLimit(sensor, step) {
  const cell = element("td", {
    className: "none",
    tabindex: "-1",
    title: text("no limit"),
    "aria-label": text("no limit"),
    "data-key": key(sensor, step),
  });
  const recipe = recipesOf[step]?.[0] ?? "";
  cell.addEventListener("click", () => chosen({ sensor, step, recipe, statistic: "mean" }));
  return cell;
}

walkable(grid, (cell) => cell.click());
