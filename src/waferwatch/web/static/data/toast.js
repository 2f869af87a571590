// A sentence at the foot of the page with a way back, for some seconds.
import { byId } from "../text.js";

const STAYS_MS = 12_000;
const box = byId("toast");
const button = byId("toast-undo");
/** @type {any} */
let timer = null;
/** @type {any} */
let undo = null;

export function hide() {
  clearTimeout(timer);
  box.hidden = true;
}

const wait = () => {
  clearTimeout(timer);
  timer = setTimeout(hide, STAYS_MS);
};

// The clock stands still while the pointer rests on it or the button has the focus.
box.addEventListener("mouseenter", () => clearTimeout(timer));
box.addEventListener("mouseleave", () => document.activeElement === button || wait());
button.addEventListener("focus", () => clearTimeout(timer));
button.addEventListener("blur", () => box.matches(":hover") || wait());
button.addEventListener("click", () => {
  hide();
  undo?.();
});

export function offerUndo(sentence, back) {
  undo = back;
  byId("toast-text").textContent = sentence;
  box.hidden = false;
  wait();
}
