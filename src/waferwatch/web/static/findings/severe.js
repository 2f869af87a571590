// The severe findings of the quality report, on the pages that start a check: it waits until each is fixed or dismissed.
import { announce, ask, Problem, showProblem } from "../api.js";
import { byId, element, text } from "../text.js";
import { fixButton } from "./fix.js";

const box = byId("severe");
/** @type {any} */
let dataset = null;
let looked = Promise.resolve(); // ends when the report of the data set is there
let open = []; // severe findings that are neither fixed nor dismissed
let fixed = () => {};

export const onFixed = (follower) => {
  fixed = follower;
};

// Another data set, or the same one with other roles.
export function look(chosen) {
  dataset = chosen;
  open = [];
  draw();
  looked = load(chosen);
}

// Whether a detection may start. If not, the findings are brought into view.
export async function settled() {
  await looked;
  if (!open.length) return true;
  box.scrollIntoView({ block: "start" });
  box.focus({ preventScroll: true });
  announce(text("The check waits: fix the severe findings, or dismiss them."));
  return false;
}

async function load(mine) {
  try {
    const { findings } = await ask(`/datasets/${encodeURIComponent(mine.id)}/quality`);
    if (dataset !== mine) return;
    const before = dismissed();
    open = findings.filter((finding) => finding.severity === "serious" && !before.includes(name(finding)));
    draw();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem; // without a report a detection says itself what is wrong
  }
}

const key = () => `waferwatch-dismissed-${dataset.id}-${dataset.version}`;
const name = ({ kind, columns }) => [kind, ...columns].join("\n");

function dismissed() {
  try {
    return JSON.parse(sessionStorage.getItem(key()) ?? "[]");
  } catch {
    return []; // the browser keeps nothing
  }
}

function dismiss(finding) {
  try {
    sessionStorage.setItem(key(), JSON.stringify([...dismissed(), name(finding)]));
  } catch {
    // it is dismissed for this page alone
  }
  open = open.filter((one) => one !== finding);
  draw();
  (box.hidden ? byId("detect") : box).focus();
}

function draw() {
  box.hidden = !open.length;
  byId("severe-list").replaceChildren(...open.map(entry));
}

function entry(finding) {
  const words = element(
    "div",
    { className: "text" },
    element("div", { content: finding.message }),
    element("div", { className: "hint", content: finding.hint }),
  );
  const drop = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-secondary dismiss",
    content: text("Dismiss"),
  });
  drop.addEventListener("click", () => dismiss(finding));
  const fix = fixButton(dataset, finding, fixed, showProblem);
  const actions = element("div", { className: "actions" }, ...(fix ? [fix] : []), drop);
  return element(
    "li",
    { "data-kind": finding.kind },
    element("span", { className: "severity severity-serious", content: text("serious") }),
    words,
    actions,
  );
}
