// What is done with a problem in one click: acknowledge, shelve, close as a true alarm, a false one or an intended change, and
// take it back.
import { announce, ask, clearProblem, showProblem } from "../api.js";

const VERDICTS = ["true_alarm", "false_alarm", "intended_change"];
const MARKS = { mark_change: "change", mark_pm: "pm" };
/** @type {any} every control, with the states that offer it */
const every = /** @type {HTMLTemplateElement} */ (document.getElementById("all-acts"))?.content;

/** @param {(box: HTMLElement, answer: any) => void} changed is called with the box of a problem and how it stands now */
export function follow(changed) {
  const meant = "[data-act=intended_change]";
  const means = every?.querySelector(meant)?.title; // said once: the page of many problems is long enough
  for (const button of document.querySelectorAll(meant)) button.setAttribute("title", means);
  document.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest("button[data-act]")
    );
    if (pressed) act(pressed, pressed.dataset.act, changed);
  });
  document.addEventListener("change", (event) => {
    const field = /** @type {any} */ (event.target);
    if (field.dataset?.act && field.value !== "") act(field, field.dataset.act, changed);
  });
}

async function act(control, name, changed) {
  const box = control.closest("[data-acts]");
  clearProblem();
  try {
    const answer = await send(box, name, control.value);
    show(box, answer);
    changed(box, answer);
    announce(`${answer.name}: ${answer.state_text}`);
    focusNear(box, control);
  } catch (problem) {
    if (control.tagName === "SELECT") control.value = ""; // the same can be chosen again
    showProblem(problem);
  }
}

function send(box, name, value) {
  const path = `/problems/${box.dataset.acts}`;
  if (VERDICTS.includes(name)) return ask(`${path}/verdict`, { method: "PUT", body: { verdict: name, note: "" } });
  if (name === "reopen") return ask(`${path}/verdict`, { method: "PUT", body: { verdict: null } });
  if (name === "note")
    return ask(`${path}/verdict`, { method: "PUT", body: { verdict: box.dataset.verdict, note: value } });
  if (name in MARKS) {
    const body = { verdict: box.dataset.verdict, note: box.dataset.note, mark: MARKS[name] };
    return ask(`${path}/verdict`, { method: "PUT", body });
  }
  const body = name === "shelve" ? { hours: Number(value) } : {};
  return ask(`${path}/${name}`, { method: "POST", body });
}

/** What can be done next: controls that the state does not offer go, others come from the template that holds them all. */
export function show(box, { state, verdict, note, mark }) {
  Object.assign(box.dataset, { state, verdict: verdict ?? "", note });
  if (mark) box.dataset.mark = mark.kind;
  /** @type {any} */
  let last = null;
  for (const model of every.children) {
    let control = [...box.children].find((one) => one.dataset.act === model.dataset.act);
    if (!offered(model.dataset, box.dataset)) {
      control?.remove();
      continue;
    }
    if (!control) {
      control = made(model, box.dataset.acts);
      if (last) last.after(control);
      else box.prepend(control);
    }
    last = control;
    if (model.dataset.act === "shelve") control.value = "";
    if (model.dataset.act === "note" && document.activeElement !== control) control.value = note;
  }
}

function made(model, name) {
  const control = model.cloneNode(true);
  for (const one of [control, ...control.querySelectorAll("[aria-label]")]) {
    if (one.hasAttribute("aria-label")) one.setAttribute("aria-label", `${one.getAttribute("aria-label")}: ${name}`);
  }
  return control;
}

function offered({ when, said, unmarked, marked }, { state, verdict, mark }) {
  if (!when.split(" ").includes(state) || (said && said !== verdict)) return false;
  return mark ? unmarked === undefined : marked === undefined;
}

// Who works by keys stays at the same problem when the control that was pressed is gone.
function focusNear(box, control) {
  if (control.isConnected) return;
  const next = box.querySelector("input") ?? box.querySelector("button, select");
  next?.focus();
}
