// What each column is, changeable in place, one by one or all that match a pattern.
import { announce, ask, Problem, showProblem } from "../api.js";
import { byId, counted, element, isTime, text, whole } from "../text.js";
import { ROLES } from "../words.js";

const ONLY_ONE = ["time", "label"];
const AT_ONCE = 200; // rows of the table; the others come when asked for
const body = byId("roles");
const search = byId("role-search");
const only = byId("role-only");
/** @type {any} */
let dataset = null;
/** @type {any} */
let only_columns = null; // named by a finding
let limit = AT_ONCE;
/** @type {(dataset: any) => void} */
let changed = () => {};

export const onChanged = (follower) => {
  changed = follower;
};

export function show(chosen, columns = null) {
  if (dataset?.id !== chosen.id) {
    search.value = "";
    only.value = "";
    limit = AT_ONCE;
    clear();
    columns = null;
  }
  dataset = chosen;
  only_columns = columns;
  draw();
}

export function showOnly(columns) {
  search.value = "";
  only.value = "";
  clear();
  only_columns = new Set(columns);
  draw();
}

// "*" stands for anything; without one the pattern may stand anywhere in the name.
function matcher(pattern) {
  const parts = pattern
    .trim()
    .toLowerCase()
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(parts.length > 1 ? `^${parts.join(".*")}$` : parts[0], "s");
  return (name) => expression.test(name.toLowerCase());
}

function matching() {
  const fits = matcher(search.value);
  return dataset.described.filter(
    (column) =>
      (only_columns === null || only_columns.has(column.name)) &&
      (!only.value || column.role === only.value) &&
      fits(column.name),
  );
}

function draw() {
  const found = matching();
  body.replaceChildren(...found.slice(0, limit).map(line));
  const left = found.length - limit;
  byId("roles-more").hidden = left <= 0;
  byId("roles-more").textContent = text("Show {count} more columns", { count: whole(left) });
  byId("role-set").textContent = counted("Set {count} column", "Set {count} columns", found.length);
  byId("role-set").disabled = !found.length;
  for (const id of ["role-bulk", "roles-help"]) byId(id).hidden = dataset.builtin;
  byId("roles-fixed").hidden = !dataset.builtin;
  byId("role-reset").hidden = !dataset.described.some((column) => column.chosen);
}

// As the rows show it.
const plainTime = (cell) => (isTime(cell) ? cell.replace("T", " ") : cell);

const options = () => Object.entries(ROLES).map(([value, content]) => element("option", { value, content }));

function line(column) {
  const select = element(
    "select",
    {
      className: "form-select form-select-sm",
      "aria-label": text("Role of {column}", { column: column.name }),
      autocomplete: "off",
    },
    ...options(),
  );
  select.value = column.role;
  select.disabled = dataset.builtin;
  select.addEventListener("change", () => set({ [column.name]: select.value }, column.name));
  const cell = element("td", {}, select);
  if (column.chosen) cell.append(element("span", { className: "by-hand", content: ` ${text("set by hand")}` }));
  const examples = element("td", { className: "examples", content: column.examples.map(plainTime).join(", ") });
  return element("tr", {}, element("td", { className: "column", content: column.name }), cell, examples);
}

const clear = () => byId("roles-problem").replaceChildren();

// There is one time and one label: the column that was it before is set aside.
function withoutSecond(wishes) {
  const all = { ...wishes };
  for (const role of ONLY_ONE) {
    if (!Object.values(wishes).includes(role)) continue;
    for (const { name, role: before } of dataset.described) {
      if (before === role && !Object.hasOwn(wishes, name)) all[name] = "ignored";
    }
  }
  return all;
}

async function set(wishes, focus = null) {
  clear();
  const asked = dataset;
  const roles = withoutSecond(wishes);
  busy(true);
  try {
    const found = await ask(`/datasets/${asked.id}`, { method: "PATCH", body: { roles } });
    if (dataset.id === asked.id) {
      dataset = found;
      changed(found);
      announce(counted("{count} role was set.", "{count} roles were set.", Object.keys(roles).length));
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (dataset.id === asked.id) showProblem(problem, byId("roles-problem"));
  } finally {
    busy(false);
    draw();
    if (focus !== null) focusOn(focus);
  }
}

function focusOn(name) {
  const at = matching().findIndex((column) => column.name === name);
  body.rows[at]?.querySelector("select").focus();
}

function busy(on) {
  byId("roles-busy").hidden = !on;
  byId("roles-pane").setAttribute("aria-busy", on);
  for (const control of byId("roles-pane").querySelectorAll("select, button")) control.disabled = on;
}

export function start() {
  only.replaceChildren(element("option", { value: "", content: text("any") }), ...options());
  byId("role-all").replaceChildren(...options());
  const narrow = () => {
    only_columns = null;
    limit = AT_ONCE;
    draw();
  };
  search.addEventListener("input", narrow);
  only.addEventListener("change", narrow);
  byId("roles-more").addEventListener("click", () => {
    limit += AT_ONCE;
    draw();
  });
  byId("role-set").addEventListener("click", () => {
    set(Object.fromEntries(matching().map((column) => [column.name, byId("role-all").value])));
  });
  byId("role-reset").addEventListener("click", () => {
    set(Object.fromEntries(dataset.described.filter((column) => column.chosen).map((column) => [column.name, null])));
  });
}
