// Tables whose columns sort at a press of their heading.
import { element } from "./text.js";

function compare(one, two) {
  const missing = (value) => value === null || value === undefined || Number.isNaN(value);
  if (missing(one) || missing(two)) return missing(one) - missing(two); // what is not there comes last
  return typeof one === "number" && typeof two === "number" ? one - two : String(one).localeCompare(String(two), undefined, { numeric: true });
}

// columns: [{ title, value: (item) => what sorts, cell: (item) => text or node, className, hidden }]; a column without `value` does not sort.
// options: { sort: [column, 1 or -1], row: (item, tr) => adds to the row }. Returns { show(items) }, which keeps the order chosen.
export function sortable(table, columns, { sort = null, row = null } = {}) {
  const shown = columns.filter((column) => !column.hidden);
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
      order = [at, order?.[0] === at ? -order[1] : column.first ?? 1];
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
    if (order) sorted.sort((one, two) => order[1] * compare(shown[order[0]].value(one), shown[order[0]].value(two)));
    body.replaceChildren(
      ...sorted.map((item) => {
        const cells = shown.map(({ cell, className = "" }) => {
          const content = cell(item);
          return content instanceof Node ? element("td", { className }, content) : element("td", { className, content: String(content) });
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
