// How many normal wafers the limits of each chamber and recipe rest on, and how many are missing.
import { byId, element, whole } from "../text.js";

/** Of a question: every wafer that is like the others is learnt from. */
export const FROM_ALL = { reference_rows: null, reference_start: null, reference_end: null };

/** @type {() => void} */
let learning = () => {};

export const onLearn = (follower) => {
  learning = follower;
};

export function show({ coverage, cells }) {
  const missing = coverage.filter((one) => one.missing);
  byId("coverage-rows").replaceChildren(...coverage.map(row));
  byId("coverage-fold").open = !cells.length && !byId("search").value;
  byId("coverage-count").textContent = missing.length ? `(${whole(missing.length)}/${whole(coverage.length)})` : "";
  byId("coverage-remedy").hidden = !missing.length;
}

const row = ({ equipment, recipe, wafers, golden, said }) =>
  element(
    "tr",
    {},
    element("th", { scope: "row", content: [equipment, recipe].filter(Boolean).join(" · ") || "–" }),
    element("td", { className: "number", content: whole(wafers) }),
    element("td", { className: "number", content: whole(golden) }),
    element("td", { content: said }),
  );

byId("learn-all").addEventListener("click", () => learning());
