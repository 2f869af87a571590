// A small picture of the values before and after: it says nothing that the row does not say in words.
import { svg } from "./svg.js";

const [WIDTH, HEIGHT, RADIUS] = [120, 38, 1.7];

/** @param {{ before: (number | null)[], after: (number | null)[], lower: number | null, upper: number | null }} values */
export function spark({ before, after, lower, upper }) {
  const known = [...before, ...after, lower, upper].filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const height = (value) => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
  const count = before.length + after.length;
  const across = (at) => 2 + (at / Math.max(1, count - 1)) * (WIDTH - 4);
  const box = { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const picture = svg("svg", box);
  for (const side of [lower, upper]) {
    if (side !== null)
      picture.append(svg("line", { class: "limit", x1: 0, x2: WIDTH, y1: height(side), y2: height(side) }));
  }
  const border = across(before.length - 0.5);
  picture.append(svg("line", { class: "middle", x1: border, x2: border, y1: 0, y2: HEIGHT }));
  [...before, ...after].forEach((value, at) => {
    if (value === null) return;
    const late = at >= before.length;
    const off = late && ((lower !== null && value < lower) || (upper !== null && value > upper));
    const kind = off ? "beyond" : late ? "after" : "before";
    picture.append(svg("circle", { class: kind, cx: across(at), cy: height(value), r: RADIUS }));
  });
  return picture;
}
