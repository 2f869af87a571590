// The problems and the abnormal wafers of a detection, as plain tables.
import { ask } from "./api.js";
import { sortable } from "./table.js";
import { byId, element, isTime, percent, significant, text, whole } from "./text.js";

const MOST_WAFERS = 200;
const RANK = { severe: 0, clear: 1, weak: 2 };
/** @type {Record<string, string>} */
const SEVERITY = { severe: text("severe"), clear: text("clear"), weak: text("weak") };
/** @type {Record<string, string>} */
const ALONE = { yes: text("yes"), unknown: text("not known") };
const FILES = {
  problems: text("Problems CSV"),
  wafers: text("Wafers CSV"),
  indicators: text("Indicators CSV"),
  limits: text("Limits CSV"),
};

const problems = sortable(byId("problems"), [
  { title: text("Severity"), value: (one) => RANK[one.severity], cell: severityOf, className: "severity" },
  { title: text("Problem"), value: (one) => one.title, cell: (one) => one.title, className: "problem" },
  { title: text("Onset"), value: (one) => one.onset, cell: (one) => placeOf(one.onset), className: "when wide" },
  { title: text("This chamber alone?"), value: (one) => one.alone, cell: aloneOf, className: "wide" },
]);

const wafers = sortable(byId("wafers"), [
  { title: text("Wafer"), value: (one) => one.run, cell: nameOf, className: "place" },
  {
    title: text("Equipment"),
    value: (one) => one.equipment,
    cell: (one) => one.equipment ?? "",
    className: "place wide",
  },
  { title: text("Reason"), value: (one) => one.sensor, cell: (one) => one.reason, className: "carriers" },
  {
    title: text("x limit"),
    value: (one) => one.ratio,
    cell: (one) => (one.ratio === null ? "" : significant(one.ratio, 3)),
    className: "number",
    first: -1,
  },
]);

// Asks for them and shows them; nothing is shown where the detection was deleted meanwhile.
export async function showWafers(run) {
  const base = `/runs/${encodeURIComponent(run)}`;
  const [found, listed] = await Promise.all([
    ask(`${base}/problems`),
    ask(`${base}/wafers?abnormal=true&limit=${MOST_WAFERS}`),
  ]);
  problems.show(found.problems);
  byId("problems-note").textContent = found.problems.length ? "" : text("No problems were found.");
  const judged = listed.wafers.some((one) => one.judged_by === "wafer");
  wafers.show(judged ? listed.wafers : []);
  byId("wafers-fold").hidden = !judged;
  byId("wafers-note").textContent = text("Abnormal wafers: {abnormal} of {all}", {
    abnormal: whole(listed.abnormal),
    all: whole(listed.total),
  });
  byId("wafer-files").replaceChildren(...Object.entries(FILES).map(([what, title]) => fileLink(base, what, title)));
}

function fileLink(base, what, title) {
  return element("a", {
    className: "btn btn-sm btn-outline-secondary",
    href: `${base}/wafers/export?what=${what}&format=csv`,
    download: "",
    content: title,
  });
}

function severityOf(one) {
  return element("span", {
    className: `severity ${one.severity}`,
    title: one.severity_reason,
    content: SEVERITY[one.severity],
  });
}

function aloneOf(one) {
  return one.alone === "no" ? text("no: {others} too", { others: one.also_on.join(", ") }) : ALONE[one.alone];
}

function placeOf(place) {
  return isTime(place) ? place.replace("T", " ") : significant(place, 6);
}

function nameOf(one) {
  const name = [one.lot, one.wafer].filter(Boolean).join(" / ") || whole(one.run);
  return one.change === null ? name : element("span", { content: name, title: percent(one.change, 1) });
}
