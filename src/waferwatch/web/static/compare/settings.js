// The settings of a comparison: detectors, sensors, expected share, reference rows, injected faults.
import { Problem } from "../api.js";
import * as sensors from "../sensors.js";
import { byId, text, whole } from "../text.js";

const { checks, ticked } = sensors;
const offered = (parent) => checks(parent).filter((check) => !check.closest(".form-check").hidden);
const detectors = byId("detectors");
const thresholdBy = byId("threshold-by");
const share = byId("contamination");

// Another data set: its sensors, and whether the verdict needs the test with injected faults.
export function offer(dataset) {
  const columns = Object.entries(dataset.roles);
  const names = columns.filter(([, role]) => role === "sensor").map(([column]) => column);
  sensors.offer(names);
  const labelled = columns.some(([, role]) => role === "label");
  byId("with-faults").checked = true;
  byId("faults-help").textContent = labelled
    ? text("These data have labels; the test is made as well.")
    : text("Without labels the verdict rests on this test.");
  offerStepwise(columns.some(([, role]) => role === "step"));
  byId("settings-brief").textContent = dataset.builtin ? text("Demo fab (virtual)") : dataset.name;
  count();
}

// Baselines that read recipe steps are the plain ones where there are none.
function offerStepwise(steps) {
  for (const box of detectors.querySelectorAll("[data-stepwise]")) {
    box.closest(".form-check").hidden = !steps;
    box.checked = steps;
    box.disabled = !steps;
  }
}

// What a comparison is asked for; what stands at its default is left out.
export function wishes(dataset) {
  const features = sensors.wished();
  const contamination =
    thresholdBy.value === "contamination" ? Number((Number(share.value) / 100).toPrecision(6)) : null;
  if (contamination !== null && !(contamination > 0 && contamination <= 0.5))
    throw new Problem({
      message: text("The expected share must be above 0 and at most 50 %."),
      hint: text("Write a number such as 5."),
    });
  const reference = byId("reference").value;
  const names = ticked(detectors);
  return {
    kind: "comparison",
    ...(dataset.builtin ? {} : { dataset: dataset.id }),
    ...features,
    ...(names.length < offered(detectors).length ? { detectors: names } : {}),
    ...(contamination === null ? {} : { contamination }),
    ...(reference === "" ? {} : { reference_rows: Number(reference) }),
    faults: byId("with-faults").checked,
  };
}

// The settings of an earlier comparison.
export function restore(options) {
  sensors.restore(options.features);
  sensors.mark(detectors, options.detectors);
  thresholdBy.value = options.contamination ? "contamination" : "auto";
  if (options.contamination) share.value = Number((options.contamination * 100).toPrecision(6));
  follow();
  byId("reference").value = options.reference_rows ?? "";
  if (options.faults !== null && options.faults !== undefined) byId("with-faults").checked = options.faults;
  count();
}

function follow() {
  byId("contamination-field").hidden = thresholdBy.value !== "contamination";
}

function count() {
  byId("detector-count").textContent = text("{chosen} of {all} detectors", {
    chosen: whole(ticked(detectors).length),
    all: whole(offered(detectors).length),
  });
}

export function start() {
  sensors.start();
  detectors.addEventListener("change", count);
  thresholdBy.addEventListener("change", follow);
  follow();
  for (const [id, on] of Object.entries({ "detectors-all": true, "detectors-none": false })) {
    byId(id).addEventListener("click", () => {
      sensors.tick(detectors, on);
      count();
    });
  }
}
