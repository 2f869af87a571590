// The settings of a detection: sensors, detector, expected share, reference rows.
import { Problem } from "./api.js";
import { byId, element, text, whole } from "./text.js";

const box = byId("sensors");
const search = byId("sensor-search");
const slider = byId("contamination-slider");
const share = byId("contamination");

const checks = () => [...box.querySelectorAll("input")];
const shown = () => checks().filter((check) => !check.closest(".form-check").hidden);

export function offerSensors(sensors) {
  search.value = "";
  box.replaceChildren(
    ...sensors.map((sensor, number) => {
      const check = element("input", { className: "form-check-input", type: "checkbox", id: `sensor-${number}`, value: sensor });
      check.checked = true;
      const label = element("label", { className: "form-check-label", for: check.id, content: sensor, title: sensor });
      return element("div", { className: "form-check" }, check, label);
    }),
  );
  count();
}

// What /detect is asked for; a field that stands at its default is left out.
export function wishes(dataset) {
  const all = checks();
  const sensors = all.filter((check) => check.checked).map((check) => check.value);
  if (!sensors.length) throw new Problem({ message: text("no_sensor"), hint: text("no_sensor_hint") });
  const reference = byId("reference").value;
  return {
    ...(dataset.builtin ? {} : { dataset: dataset.id }),
    ...(sensors.length < all.length ? { features: sensors } : {}),
    detector: byId("detector").value,
    contamination: Number((Number(share.value) / 100).toPrecision(6)),
    ...(reference === "" ? {} : { reference_rows: Number(reference) }),
  };
}

function count() {
  const all = checks();
  const chosen = all.filter((check) => check.checked).length;
  byId("sensor-count").textContent = text("chosen", { chosen: whole(chosen), all: whole(all.length) });
}

function filter() {
  const wanted = search.value.trim().toLowerCase();
  for (const check of checks()) check.closest(".form-check").hidden = !check.value.toLowerCase().includes(wanted);
}

function tick(on) {
  for (const check of shown()) check.checked = on;
  count();
}

export function start() {
  box.addEventListener("change", count);
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  byId("sensors-all").addEventListener("click", () => tick(true));
  byId("sensors-none").addEventListener("click", () => tick(false));
  slider.addEventListener("input", () => {
    share.value = slider.value;
  });
  share.addEventListener("input", () => {
    slider.value = share.value;
  });
}
