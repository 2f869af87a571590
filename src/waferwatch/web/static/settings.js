// The settings of a detection: sensors, detector, expected share, what is normal, which rows.
import { ask, Problem, showProblem } from "./api.js";
import { byId, element, text, whole } from "./text.js";

const box = byId("sensors");
const search = byId("sensor-search");
const slider = byId("contamination-slider");
const share = byId("contamination");
const detector = byId("detector");
const kind = byId("reference-kind");
const USES_CHECKPOINT = ["moment", "moment_only"];
let known = { columns: [], first: null, last: null }; // what rows can be chosen by

const checks = (parent) => [...parent.querySelectorAll("input[type=checkbox]")];
const ticked = (parent) => checks(parent).filter((check) => check.checked).map((check) => check.value);
const shown = () => checks(box).filter((check) => !check.closest(".form-check").hidden);

function checkbox(id, value, checked) {
  const check = element("input", { className: "form-check-input", type: "checkbox", id, value });
  check.checked = checked;
  const label = element("label", { className: "form-check-label", for: id, content: value, title: value });
  return element("div", { className: "form-check" }, check, label);
}

export function offerSensors(sensors) {
  search.value = "";
  box.replaceChildren(...sensors.map((sensor, number) => checkbox(`sensor-${number}`, sensor, true)));
  count();
}

// Columns and values to choose rows by, and the bounds of a reference period.
export async function offerRows(dataset) {
  known = { columns: [], first: null, last: null };
  byId("filters-field").hidden = true;
  const found = await ask(`/datasets/${encodeURIComponent(dataset.id)}/filters`);
  known = found;
  byId("filters-field").hidden = !found.columns.length;
  byId("filters").replaceChildren(...found.columns.map(filterBox));
  countFilters();
  const dated = found.first !== null && /^\d{4}-/.test(found.first);
  for (const [id, end] of [["reference-start", found.first], ["reference-end", found.last]]) {
    byId(id).type = dated ? "datetime-local" : "text";
    byId(id).value = end === null ? "" : dated ? end.slice(0, 19) : end;
  }
  kind.querySelector("[value=period]").disabled = found.first === null;
}

function filterBox({ column, values, total }, number) {
  const more = values.length < total ? element("div", { className: "form-text", content: text("values_left_out", { shown: whole(values.length), all: whole(total) }) }) : "";
  const list = element("div", { className: "sensors", role: "group", "aria-label": column, "data-column": column }, ...values.map((value, at) => checkbox(`filter-${number}-${at}`, value, false)), more);
  return element("details", {}, element("summary", { content: column }), list);
}

const filterBoxes = () => [...byId("filters").querySelectorAll("[data-column]")];

function countFilters() {
  const used = filterBoxes().filter((list) => ticked(list).length);
  byId("filter-count").textContent = used.length ? used.map((list) => `${list.dataset.column} (${ticked(list).length})`).join(", ") : "";
}

// What a run is asked for; a field that stands at its default is left out.
export function wishes(dataset) {
  const all = checks(box);
  const sensors = ticked(box);
  if (!sensors.length) throw new Problem({ message: text("no_sensor"), hint: text("no_sensor_hint") });
  const filters = Object.fromEntries(filterBoxes().map((list) => [list.dataset.column, ticked(list)]).filter(([, values]) => values.length));
  const checkpoint = byId("checkpoint");
  const chosen = USES_CHECKPOINT.includes(detector.value) && checkpoint.selectedIndex > 0;
  return {
    ...(dataset.builtin ? {} : { dataset: dataset.id }),
    ...(sensors.length < all.length ? { features: sensors } : {}),
    detector: detector.value,
    ...(chosen ? { checkpoint: checkpoint.value } : {}),
    contamination: Number((Number(share.value) / 100).toPrecision(6)),
    ...reference(),
    ...(Object.keys(filters).length ? { filters } : {}),
  };
}

function reference() {
  if (kind.value === "rows") {
    const rows = byId("reference").value;
    return rows === "" ? {} : { reference_rows: Number(rows) };
  }
  if (kind.value !== "period") return {};
  const ends = { reference_start: byId("reference-start").value, reference_end: byId("reference-end").value };
  return Object.fromEntries(Object.entries(ends).filter(([, end]) => end !== ""));
}

// The settings of an earlier run.
export function restore(options) {
  const wanted = options.features === null ? null : new Set(options.features);
  for (const check of checks(box)) check.checked = wanted === null || wanted.has(check.value);
  count();
  if ([...detector.options].some((option) => option.value === options.detector)) detector.value = options.detector;
  if (options.checkpoint) byId("checkpoint").value = options.checkpoint;
  share.value = Number((options.contamination * 100).toPrecision(6));
  slider.value = share.value;
  kind.value = options.reference_rows ? "rows" : options.reference_start || options.reference_end ? "period" : "";
  byId("reference").value = options.reference_rows ?? "";
  if (options.reference_start) byId("reference-start").value = options.reference_start;
  if (options.reference_end) byId("reference-end").value = options.reference_end;
  for (const list of filterBoxes()) {
    const values = new Set(options.filters?.[list.dataset.column] ?? []);
    for (const check of checks(list)) check.checked = values.has(check.value);
  }
  countFilters();
  follow();
}

function follow() {
  byId("checkpoint-field").hidden = !USES_CHECKPOINT.includes(detector.value) || byId("checkpoint").options.length < 2;
  byId("reference-rows-field").hidden = kind.value !== "rows";
  byId("reference-period-field").hidden = kind.value !== "period";
}

function count() {
  byId("sensor-count").textContent = text("chosen", { chosen: whole(ticked(box).length), all: whole(checks(box).length) });
}

// Letters anywhere in the name; with a *, the whole name must fit.
function filter() {
  const wanted = search.value.trim().toLowerCase();
  const pattern = wanted.includes("*") ? new RegExp(`^${wanted.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`, "u") : null;
  for (const check of checks(box)) {
    const name = check.value.toLowerCase();
    check.closest(".form-check").hidden = !(pattern ? pattern.test(name) : name.includes(wanted));
  }
}

function tick(on) {
  for (const check of shown()) check.checked = on;
  count();
}

export function start() {
  box.addEventListener("change", count);
  byId("filters").addEventListener("change", countFilters);
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  byId("sensors-all").addEventListener("click", () => tick(true));
  byId("sensors-none").addEventListener("click", () => tick(false));
  detector.addEventListener("change", follow);
  kind.addEventListener("change", follow);
  slider.addEventListener("input", () => {
    share.value = slider.value;
  });
  share.addEventListener("input", () => {
    slider.value = share.value;
  });
  follow();
}
