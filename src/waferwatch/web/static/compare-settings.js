// The settings of a comparison: detectors, sensors, expected share, reference rows, injected faults.
import { Problem } from "./api.js";
import { byId, element, text, whole } from "./text.js";

const sensors = byId("sensors");
const detectors = byId("detectors");
const share = byId("contamination");
const search = byId("sensor-search");

const checks = (box) => [...box.querySelectorAll("input")];
const ticked = (box) => checks(box).filter((check) => check.checked).map((check) => check.value);

// Another data set: its sensors, and whether the verdict needs the test with injected faults.
export function offer(dataset) {
  const columns = Object.entries(dataset.roles);
  const names = columns.filter(([, role]) => role === "sensor").map(([column]) => column);
  search.value = "";
  sensors.replaceChildren(...names.map((name, number) => checkbox(`sensor-${number}`, name)));
  const labelled = columns.some(([, role]) => role === "label");
  byId("with-faults").checked = true;
  byId("faults-help").textContent = text(labelled ? "faults_beside" : "faults_needed");
  count();
}

function checkbox(id, name) {
  const check = element("input", { className: "form-check-input", type: "checkbox", id, value: name });
  check.checked = true;
  return element("div", { className: "form-check" }, check, element("label", { className: "form-check-label", for: id, content: name, title: name }));
}

// What a comparison is asked for; what stands at its default is left out.
export function wishes(dataset) {
  const columns = ticked(sensors);
  if (!columns.length) throw new Problem({ message: text("no_sensor"), hint: text("no_sensor_hint") });
  const contamination = Number((Number(share.value) / 100).toPrecision(6));
  if (!(contamination > 0 && contamination <= 0.5)) throw new Problem({ message: text("no_share"), hint: text("no_share_hint") });
  const reference = byId("reference").value;
  const names = ticked(detectors);
  return {
    kind: "comparison",
    ...(dataset.builtin ? {} : { dataset: dataset.id }),
    ...(columns.length < checks(sensors).length ? { features: columns } : {}),
    ...(names.length < checks(detectors).length ? { detectors: names } : {}),
    contamination,
    ...(reference === "" ? {} : { reference_rows: Number(reference) }),
    faults: byId("with-faults").checked,
  };
}

// The settings of an earlier comparison.
export function restore(options) {
  mark(sensors, options.features);
  mark(detectors, options.detectors);
  share.value = Number((options.contamination * 100).toPrecision(6));
  byId("reference").value = options.reference_rows ?? "";
  if (options.faults !== null && options.faults !== undefined) byId("with-faults").checked = options.faults;
  count();
}

function mark(box, names) {
  for (const check of checks(box)) if (!check.disabled) check.checked = names === null || names.includes(check.value);
}

function count() {
  byId("sensor-count").textContent = text("chosen", { chosen: whole(ticked(sensors).length), all: whole(checks(sensors).length) });
  byId("detector-count").textContent = text("detectors_chosen", { chosen: whole(ticked(detectors).length), all: whole(checks(detectors).length) });
}

function tick(box, on) {
  for (const check of checks(box)) {
    if (!check.disabled && !check.closest(".form-check").hidden) check.checked = on;
  }
  count();
}

function filter() {
  const wanted = search.value.trim().toLowerCase();
  for (const check of checks(sensors)) check.closest(".form-check").hidden = !check.value.toLowerCase().includes(wanted);
}

export function start() {
  for (const box of [sensors, detectors]) box.addEventListener("change", count);
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  for (const [id, box, on] of [["sensors-all", sensors, true], ["sensors-none", sensors, false], ["detectors-all", detectors, true], ["detectors-none", detectors, false]]) {
    byId(id).addEventListener("click", () => tick(box, on));
  }
}
