// The settings of a detection: sensors, detector, expected share, what is normal, which rows.
import { ask } from "../api.js";
import * as sensors from "../sensors.js";
import { byId, element, text, whole } from "../text.js";

const { checkbox, ticked } = sensors;
const slider = byId("contamination-slider");
const share = byId("contamination");
const thresholdBy = byId("threshold-by");
const alarms = byId("false-alarms");
const byHand = byId("by-hand");
const detector = byId("detector");
const kind = byId("reference-kind");
const monitor = byId("monitor"); // not there without monitors
const WIDE = matchMedia("(min-width: 992px)");
const USES_CHECKPOINT = ["moment", "moment_only"];

export const offerSensors = sensors.offer;

// Columns and values to choose rows by, and the bounds of a reference period.
export async function offerRows(dataset) {
  byId("filters-field").hidden = true;
  const found = await ask(`/datasets/${encodeURIComponent(dataset.id)}/filters`);
  byId("filters-field").hidden = !found.columns.length;
  byId("filters").replaceChildren(...found.columns.map(filterBox));
  countFilters();
  const dated = found.first !== null && /^\d{4}-/.test(found.first);
  for (const [id, end] of [
    ["reference-start", found.first],
    ["reference-end", found.last],
  ]) {
    byId(id).type = dated ? "datetime-local" : "text";
    byId(id).value = end === null ? "" : dated ? end.slice(0, 19) : end;
  }
  kind.querySelector("[value=period]").disabled = found.first === null;
}

function filterBox({ column, values, total }, number) {
  const more =
    values.length < total
      ? element("div", {
          className: "form-text",
          content: text("The first {shown} of {all} values are listed.", {
            shown: whole(values.length),
            all: whole(total),
          }),
        })
      : "";
  const list = element(
    "div",
    { className: "sensors", role: "group", "aria-label": column, "data-column": column },
    ...values.map((value, at) => checkbox(`filter-${number}-${at}`, value, false)),
    more,
  );
  return element("details", {}, element("summary", { content: column }), list);
}

const filterBoxes = () => [...byId("filters").querySelectorAll("[data-column]")];

function countFilters() {
  const used = filterBoxes().filter((list) => ticked(list).length);
  byId("filter-count").textContent = used.length
    ? used.map((list) => `${list.dataset.column} (${ticked(list).length})`).join(", ")
    : "";
}

// What a run is asked for; a field that stands at its default is left out.
export function wishes(dataset) {
  const features = sensors.wished();
  const filters = Object.fromEntries(
    filterBoxes()
      .map((list) => [list.dataset.column, ticked(list)])
      .filter(([, values]) => values.length),
  );
  const data = dataset.builtin ? {} : { dataset: dataset.id };
  const rows = Object.keys(filters).length ? { filters } : {};
  if (monitor?.value) return { ...data, monitor: monitor.value, ...threshold(), ...rows };
  const checkpoint = byId("checkpoint");
  const chosen = USES_CHECKPOINT.includes(detector.value) && checkpoint.selectedIndex > 0;
  return {
    ...data,
    ...features,
    detector: detector.value,
    ...(chosen ? { checkpoint: checkpoint.value } : {}),
    ...threshold(),
    ...reference(),
    ...rows,
  };
}

function threshold() {
  if (thresholdBy.value === "false_alarms") return { false_alarms: Number(alarms.value) };
  if (thresholdBy.value === "hand") return { threshold: Number(byHand.value) };
  if (thresholdBy.value === "contamination")
    return { contamination: Number((Number(share.value) / 100).toPrecision(6)) };
  return {};
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
  sensors.restore(options.features);
  if ([...detector.options].some((option) => option.value === options.detector)) detector.value = options.detector;
  if (options.checkpoint) byId("checkpoint").value = options.checkpoint;
  const given = typeof options.threshold === "number";
  thresholdBy.value = given
    ? "hand"
    : options.false_alarms
      ? "false_alarms"
      : options.contamination
        ? "contamination"
        : "auto";
  if (given) byHand.value = options.threshold;
  if (options.false_alarms) alarms.value = options.false_alarms;
  if (options.contamination && !options.false_alarms)
    share.value = Number((options.contamination * 100).toPrecision(6));
  slider.value = share.value;
  kind.value = options.reference_rows ? "rows" : options.reference_start || options.reference_end ? "period" : "";
  byId("reference").value = options.reference_rows ?? "";
  if (options.reference_start) byId("reference-start").value = options.reference_start;
  if (options.reference_end) byId("reference-end").value = options.reference_end;
  for (const list of filterBoxes()) {
    sensors.mark(list, options.filters?.[list.dataset.column] ?? []);
  }
  countFilters();
  chooseMonitor(options.monitor ?? "");
  follow();
}

// By its name, or as NAME@VERSION; an earlier version that a run of before used is offered too.
export function chooseMonitor(title) {
  if (!monitor) return;
  const found = [...monitor.options].find((option) => option.value === title || option.dataset.name === title);
  if (!found && title.includes("@"))
    monitor.append(element("option", { value: title, content: title.replace("@", " v") }));
  monitor.value = found?.value ?? (title.includes("@") ? title : "");
  follow();
}

function follow() {
  const learns = !monitor?.value;
  for (const part of document.querySelectorAll("#settings .learns")) part.toggleAttribute("hidden", !learns);
  if (monitor) byId("monitor-help").hidden = learns;
  byId("checkpoint-field").hidden =
    !learns || !USES_CHECKPOINT.includes(detector.value) || byId("checkpoint").options.length < 2;
  byId("auto-help").hidden = !learns || thresholdBy.value !== "auto";
  byId("contamination-field").hidden = thresholdBy.value !== "contamination";
  byId("false-alarms-field").hidden = thresholdBy.value !== "false_alarms";
  byId("by-hand-field").hidden = thresholdBy.value !== "hand";
  byId("reference-rows-field").hidden = kind.value !== "rows";
  byId("reference-period-field").hidden = kind.value !== "period";
}

// On a narrow screen the settings stand above the result: once it is there they are folded away.
export function fold() {
  byId("settings-fold").open = WIDE.matches;
}

export function start() {
  sensors.start();
  WIDE.addEventListener("change", () => {
    if (WIDE.matches) byId("settings-fold").open = true;
  });
  byId("filters").addEventListener("change", countFilters);
  detector.addEventListener("change", follow);
  kind.addEventListener("change", follow);
  monitor?.addEventListener("change", follow);
  thresholdBy.addEventListener("change", follow);
  slider.addEventListener("input", () => {
    share.value = slider.value;
  });
  share.addEventListener("input", () => {
    slider.value = share.value;
  });
  follow();
}
