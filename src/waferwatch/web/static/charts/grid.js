// A table whose cells are walked by arrow keys: one of them is in the tab order.
import { text } from "../text.js";

/**
 * @param {any} table with role=grid; its cells are td
 * @param {(cell: any) => void} open when Enter or a space is pressed on a cell
 */
export function walkable(table, open) {
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(cell);
      return;
    }
    const next = neighbour(cell, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  table.addEventListener("focusin", ({ target }) => {
    if (target.matches("td")) enter(table, target);
  });
}

/**
 * On a phone a list of the worst places stands in place of a grid, which this button shows on request.
 *
 * @param {HTMLElement} button
 * @param {string} [show] what it says while the grid is hidden
 * @param {string} [hide] and while it is shown
 */
export function unfolds(button, show = text("Show as a grid"), hide = text("Hide the grid")) {
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? hide : show;
  });
}

/** Makes one cell the one that Tab reaches. */
export function enter(table, cell) {
  for (const other of table.querySelectorAll('td[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  cell?.setAttribute("tabindex", "0");
}

function neighbour(cell, key) {
  const line = cell.parentElement;
  const beneath = (row) => row?.children[cell.cellIndex];
  const body = line.parentElement;
  return {
    ArrowRight: () => cell.nextElementSibling,
    ArrowLeft: () => (cell.previousElementSibling?.matches("td") ? cell.previousElementSibling : null),
    ArrowDown: () => beneath(line.nextElementSibling),
    ArrowUp: () => beneath(line.previousElementSibling),
    Home: () => line.querySelector("td"),
    End: () => line.lastElementChild,
    PageUp: () => beneath(body.firstElementChild),
    PageDown: () => beneath(body.lastElementChild),
  }[key]?.();
}
