// Rules that are switched on one by one, and limits that a person types.
import { byId, counted, element, percent, significant, text, whole } from "../text.js";

/** @type {(change: any) => void} */
let changed = () => {};
/** @type {(body: any) => void} */
let detecting = () => {};
/** @type {any} */
let now = null;

export const onChange = (follower) => {
  changed = follower;
};
export const onDetect = (follower) => {
  detecting = follower;
};

export function show(answer, view) {
  now = { view, run: answer.run, typed: answer.typed };
  byId("rules").replaceChildren(...answer.rules.map((rule) => entry(rule, answer.rules)));
  const on = answer.rules.filter((rule) => rule.on).length;
  byId("rules-on").textContent = on ? `(${whole(on)})` : "";
  byId("lower").value = view.lower ?? answer.typed_lower ?? "";
  byId("upper").value = view.upper ?? answer.typed_upper ?? "";
  const typed = [byId("lower").value, byId("upper").value];
  byId("limits-on").textContent = typed.some(Boolean) ? `(${typed.map((one) => one || "–").join(" – ")})` : "";
  now.answer = answer;
}

// With what chance gives and what these wafers gave, so that one knows before switching it on.
function entry(rule, every) {
  const box = element("input", { type: "checkbox", className: "form-check-input" });
  box.checked = rule.on;
  box.addEventListener("change", () => {
    const on = every.filter((one) => (one === rule ? box.checked : one.on)).map(({ name }) => name);
    changed({ rules: on.join(",") });
  });
  const values = {
    expected: significant(rule.expected_rate * 1000, 2),
    rate: rule.points ? percent(rule.fired / rule.points, 1) : "–",
  };
  const rates = text("by chance {expected} of 1,000 wafers; here {rate}", values);
  const fired = counted("fires at {count} wafer", "fires at {count} wafers", rule.fired);
  return element(
    "li",
    {},
    element(
      "label",
      {},
      box,
      element("span", {}, rule.title, element("span", { className: "form-text", content: `${rates} (${fired})` })),
    ),
  );
}

const number = (id) => {
  const value = byId(id).value.trim().replace(",", ".");
  return value === "" || !Number.isFinite(Number(value)) ? null : value;
};

/**
 * The question of a detection, to be asked again.
 *
 * @returns {any}
 */
export function questionOf({ dataset, options }) {
  const kept = options.monitor
    ? ["monitor"]
    : ["detector", "features", "checkpoint", "reference_rows", "reference_start", "reference_end"];
  const names = [...kept, "threshold", "contamination", "false_alarms", "filters", "limits"];
  const there = names.filter((name) => {
    const value = options[name];
    return (
      value !== null && value !== undefined && Object.keys(Object(value)).length + Number(typeof value !== "object")
    );
  });
  return {
    ...(dataset === "demo" ? {} : { dataset }),
    ...Object.fromEntries(there.map((name) => [name, options[name]])),
  };
}

byId("limits").addEventListener("submit", (event) => {
  event.preventDefault();
  changed({ lower: number("lower"), upper: number("upper") });
});
byId("recheck").addEventListener("click", () => {
  const [lower, upper] = [number("lower"), number("upper")];
  if (lower === null && upper === null) {
    byId("lower").focus();
    return;
  }
  detecting({ lower: lower === null ? null : Number(lower), upper: upper === null ? null : Number(upper) });
});
