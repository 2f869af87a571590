// The choice of sensors: a box of checks with search, all and none.
import { Problem } from "./api.js";
import { byId, element, text, whole } from "./text.js";

const box = byId("sensors");
const search = byId("sensor-search");

export const checks = (parent) => [...parent.querySelectorAll("input[type=checkbox]")];
export const ticked = (parent) =>
  checks(parent)
    .filter((check) => check.checked)
    .map((check) => check.value);

export function checkbox(id, value, checked) {
  const check = element("input", { className: "form-check-input", type: "checkbox", id, value });
  check.checked = checked;
  const label = element("label", { className: "form-check-label", for: id, content: value, title: value });
  return element("div", { className: "form-check" }, check, label);
}

// Checks what can be checked and is not hidden.
export function tick(parent, on) {
  for (const check of checks(parent)) if (!check.disabled && !check.closest(".form-check").hidden) check.checked = on;
}

// names: those to be checked; null: all.
export function mark(parent, names) {
  for (const check of checks(parent))
    if (!check.disabled) check.checked = names === null || names.includes(check.value);
}

export function offer(sensors) {
  search.value = "";
  box.replaceChildren(...sensors.map((sensor, number) => checkbox(`sensor-${number}`, sensor, true)));
  count();
}

// As a request names them; nothing when all are chosen.
export function wished() {
  const chosen = ticked(box);
  if (!chosen.length) throw new Problem({ message: text("no_sensor"), hint: text("no_sensor_hint") });
  return chosen.length < checks(box).length ? { features: chosen } : {};
}

export function restore(names) {
  mark(box, names);
  count();
}

function count() {
  byId("sensor-count").textContent = text("chosen", {
    chosen: whole(ticked(box).length),
    all: whole(checks(box).length),
  });
}

// Letters anywhere in the name; with a *, the whole name must fit.
function filter() {
  const wanted = search.value.trim().toLowerCase();
  const pattern = wanted.includes("*")
    ? new RegExp(
        `^${wanted
          .split("*")
          .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
          .join(".*")}$`,
        "u",
      )
    : null;
  for (const check of checks(box)) {
    const name = check.value.toLowerCase();
    check.closest(".form-check").hidden = !(pattern ? pattern.test(name) : name.includes(wanted));
  }
}

export function start() {
  box.addEventListener("change", count);
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  for (const [id, on] of Object.entries({ "sensors-all": true, "sensors-none": false })) {
    byId(id).addEventListener("click", () => {
      tick(box, on);
      count();
    });
  }
}
