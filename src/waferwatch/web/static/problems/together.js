// Several problems at once: chosen by their boxes, a range with shift, then acknowledged, shelved, closed or merged.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { byId, counted, text } from "../text.js";
import * as acts from "./acts.js";

const VERDICTS = ["true_alarm", "false_alarm", "intended_change"];

/** @type {() => any[]} */
const boxes = () => [...document.querySelectorAll(".pick")];
const chosen = () => boxes().filter((box) => box.checked);
const nameOf = (box) => box.closest("[data-problem]").dataset.problem;
const actsOf = (box) => box.closest("[data-problem]").querySelector("[data-acts]");

/** @type {any} the box that a range begins at */
let last = null;

/** @param {(box: HTMLElement, answer: any) => void} changed is called for each problem with how it stands now */
export function follow(changed) {
  for (const box of boxes()) box.addEventListener("click", pick);
  for (const control of byId("picked").querySelectorAll("[data-together]")) {
    control.addEventListener(control.tagName === "SELECT" ? "change" : "click", () => act(control, changed));
  }
  byId("picked-clear").addEventListener("click", clear);
  offer();
}

function pick(event) {
  const box = event.currentTarget;
  if (event.shiftKey && last) {
    const shown = boxes().filter((one) => one.checkVisibility());
    const [from, to] = [shown.indexOf(last), shown.indexOf(box)].sort((one, two) => one - two);
    for (const one of from < 0 ? [] : shown.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  offer();
}

function clear() {
  const back = last?.closest("[data-problem]").querySelector(".row-link");
  for (const box of boxes()) box.checked = false;
  last = null;
  offer();
  back?.focus();
}

// What the chosen ones can be given: a control is there when it goes for one of them.
function offer() {
  const picked = chosen();
  byId("picked").hidden = !picked.length;
  if (!picked.length) return;
  byId("picked-count").textContent = counted("{count} problem chosen", "{count} problems chosen", picked.length);
  const states = new Set(picked.map((box) => actsOf(box).dataset.state));
  for (const control of byId("picked").querySelectorAll("[data-when]")) {
    control.hidden = !control.dataset.when.split(" ").some((state) => states.has(state));
    if (control.tagName === "SELECT") control.value = "";
  }
  byId("picked-merge").hidden = picked.length < 2;
  byId("picked-merge").textContent = text("Merge into {problem}", { problem: nameOf(picked[0]) });
}

function question(control) {
  const name = control.dataset.together;
  if (VERDICTS.includes(name)) return { act: "close", verdict: name };
  if (name === "shelve") return { act: name, hours: Number(control.value) };
  if (name === "merge") return { act: name, into: nameOf(chosen()[0]) };
  return { act: name };
}

async function act(control, changed) {
  if (control.tagName === "SELECT" && control.value === "") return;
  clearProblem();
  const wanted = question(control);
  const states = control.dataset.when.split(" ");
  const meant = chosen().filter((box) => states.includes(actsOf(box).dataset.state));
  const body = { ...wanted, problems: meant.map(nameOf), note: byId("picked-note").value };
  try {
    const answer = await ask("/problems/acts", { method: "POST", body });
    if (wanted.act === "merge") {
      location.reload();
      return;
    }
    for (const [at, one] of answer.problems.entries()) {
      acts.show(actsOf(meant[at]), one);
      changed(actsOf(meant[at]), one);
    }
    const count = counted("{count} problem", "{count} problems", answer.problems.length);
    announce(`${count}: ${answer.problems[0].state_text}`);
    byId("picked-note").value = "";
    clear();
  } catch (problem) {
    if (control.tagName === "SELECT") control.value = ""; // the same can be chosen again
    showProblem(problem);
  }
}
