// Tables whose columns sort at a press of their heading.
import { element } from "./text.js";

/**
 * Which of two values comes first, for sort(); what is not there comes last in both directions.
 *
 * @param {any} one
 * @param {any} two
 * @param {number} direction 1 ascending, -1 descending
 */
export function compare(one, two, direction) {
  const missing = (value) => value === null || value === undefined || Number.isNaN(value);
  if (missing(one) || missing(two)) return Number(missing(one)) - Number(missing(two));
  const numbers = typeof one === "number" && typeof two === "number";
  return direction * (numbers ? one - two : String(one).localeCompare(String(two), undefined, { numeric: true }));
}

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(item: any) => any} [value] what sorts; a column without it does not sort
 * @property {(item: any) => any} cell text or a node
 * @property {string} [className]
 * @property {boolean} [hidden]
 * @property {number} [first] 1 or -1: the order at the first press
 */

/**
 * @param {any} table
 * @param {Column[]} columns
 * @param {{ sort?: number[] | null, row?: ((item: any, tr: any) => void) | null }} [options] sort: number of the column and
 *   1 or -1; row: adds to a row
 * @returns {{ show(items: any[]): void }} show keeps the order chosen
 */
export function sortable(table, columns, { sort = null, row = null } = {}) {
  const shown = columns.filter((column) => !column.hidden);
  /** @type {any} */
  let order = sort;
  let items = [];
  const heads = shown.map((column, at) => head(column, at));
  const body = element("tbody");
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), body);

  function head(column, at) {
    const cell = element("th", { scope: "col", className: column.className ?? "" });
    if (!column.value) {
      cell.textContent = column.title;
      return cell;
    }
    const button = element("button", { type: "button", className: "sort", content: column.title });
    button.addEventListener("click", () => {
      order = [at, order?.[0] === at ? -order[1] : (column.first ?? 1)];
      draw();
    });
    cell.append(button);
    return cell;
  }

  function draw() {
    heads.forEach((cell, at) => {
      if (order?.[0] === at) cell.setAttribute("aria-sort", order[1] > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    const sorted = [...items];
    const value = order ? shown[order[0]].value : undefined;
    if (value) sorted.sort((one, two) => compare(value(one), value(two), order[1]));
    body.replaceChildren(
      ...sorted.map((item) => {
        const cells = shown.map(({ cell, className = "" }) => {
          const content = cell(item);
          return content instanceof Node
            ? element("td", { className }, content)
            : element("td", { className, content: String(content) });
        });
        const line = element("tr", {}, ...cells);
        row?.(item, line);
        return line;
      }),
    );
  }

  return {
    show(found) {
      items = found;
      draw();
    },
  };
}
