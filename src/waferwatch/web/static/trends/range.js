// The wafers of a chamber on the scale of all chambers: it says nothing that the row does not say in words.
import { svg } from "../charts/svg.js";

const [WIDTH, HEIGHT, PAD] = [200, 16, 4];

/**
 * @param {any} one the chamber: its 5 and 95 %, median, reference and tolerance
 * @param {any[]} chambers all of them, for the scale
 * @param {{ color: string, dash: string } | undefined} style
 */
export function range(one, chambers, style) {
  const picture = svg("svg", {
    class: "range",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  if (one.median === null) return picture;
  const known = chambers
    .flatMap(({ lower_quantile: low, upper_quantile: high, reference, tolerance }) => [
      low,
      high,
      ...(reference === null ? [] : [reference - tolerance, reference + tolerance]),
    ])
    .filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const place = (value) => PAD + ((value - least) / (most - least || 1)) * (WIDTH - 2 * PAD);
  if (one.reference !== null) {
    const [from, to] = [place(one.reference - one.tolerance), place(one.reference + one.tolerance)];
    picture.append(svg("rect", { class: "tolerance", x: from, y: 0, width: Math.max(to - from, 1), height: HEIGHT }));
    picture.append(upright("reference", place(one.reference), 0, HEIGHT));
  }
  const across = { x1: place(one.lower_quantile), x2: place(one.upper_quantile), y1: HEIGHT / 2, y2: HEIGHT / 2 };
  picture.append(svg("line", { class: "wafers", stroke: style?.color ?? "var(--chart-grey)", ...across }));
  picture.append(upright("median", place(one.median), 2, HEIGHT - 2));
  return picture;
}

const upright = (kind, x, top, bottom) => svg("line", { class: kind, x1: x, x2: x, y1: top, y2: bottom });
