// The lines of a file, of which one can be chosen as names or units, and the table that is made of them.

import { byId, cellText, element, text, whole } from "../../text.js";
import { ROLES } from "../../words.js";
import { place } from "../measures.js";

// What is drawn anew keeps the focus: a keyboard goes on where it was.
function keepingFocus(box, draw) {
  const label = box.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
  draw();
  if (label) box.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

export function drawLines(found, change) {
  byId("import-lines-box").hidden = !found.lines.length;
  const body = byId("import-lines");
  keepingFocus(body, () => body.replaceChildren(...found.lines.map((line) => lineRow(line, found, change))));
}

function lineRow({ number, text: written, kind }, found, change) {
  const choices = element("td", { className: "choices" });
  const where = text("line {number}", { number: whole(number) });
  const offer = (label, name) => {
    const button = element("button", {
      type: "button",
      className: `btn btn-sm ${found[name] === number ? "btn-primary" : "btn-outline-secondary"}`,
      content: label,
      "aria-pressed": found[name] === number,
      "aria-label": `${label}: ${where}`,
    });
    button.addEventListener("click", () => change({ [name]: found[name] === number ? 0 : number }, 0));
    choices.append(button, " ");
  };
  offer(text("Names"), "header_line");
  offer(text("Units"), "units_line");
  const row = element("tr", { className: kind }, element("th", { scope: "row", content: whole(number) }));
  row.append(choices, element("td", { content: written, title: written }));
  return row;
}

export function drawTable(found, options, change) {
  clock(found);
  const numeric = found.columns.map((_, at) => found.cells.some((row) => typeof row[at] === "number"));
  const heads = found.columns.map((column, at) => head(column, numeric[at], options, change));
  const top = byId("import-head");
  keepingFocus(top, () => top.replaceChildren(element("tr", {}, ...heads)));
  byId("import-rows").replaceChildren(
    ...found.cells.map((row) =>
      element(
        "tr",
        {},
        ...row.map((cell, at) =>
          element("td", { className: cell === null ? "none" : numeric[at] ? "number" : "", content: cellText(cell) }),
        ),
      ),
    ),
  );
  const more = byId("import-columns-more");
  more.hidden = found.columns_total <= found.columns.length;
  more.textContent = text("The first {shown} of {all} are listed.", {
    shown: whole(found.columns.length),
    all: whole(found.columns_total),
  });
}

function head({ name, unit, role }, isNumber, options, change) {
  const said = options.roles?.[name];
  const select = element(
    "select",
    {
      className: `form-select form-select-sm ${said ? "said" : ""}`,
      "aria-label": text("Role of {column}", { column: name }),
    },
    element("option", { value: "", content: said ? text("find it") : text("found: {value}", { value: ROLES[role] }) }),
    ...Object.entries(ROLES).map(([value, content]) => element("option", { value, content })),
  );
  select.value = said ?? "";
  select.addEventListener("change", () => change({ role: [name, select.value || null] }, 0));
  const title = element("div", { content: name });
  if (unit) title.append(element("span", { className: "unit", content: ` (${unit})` }));
  return element("th", { scope: "col", className: isNumber ? "number" : "" }, title, select);
}

function clock({ clock: found, whole: all, usable }) {
  const line = byId("import-clock");
  if (!usable) {
    line.textContent = "";
    return;
  }
  if (found === null) {
    line.textContent = text("No clock: the rows are counted instead.");
    return;
  }
  const parts = [
    text("Clock: {column}, {start} – {end}", {
      column: found.columns.join(", "),
      start: found.start === null ? "–" : place(found.start),
      end: found.end === null ? "–" : place(found.end),
    }),
  ];
  if (found.zone) parts.push(found.zone);
  if (found.goes_back) parts.push(text("goes back {count} x", { count: whole(found.goes_back) }));
  if (!all) parts.push(text("of the head"));
  line.textContent = parts.join(" · ");
}
