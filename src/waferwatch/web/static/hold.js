// What a pointer shows when it rests on something, a finger shows when it is held there: the title, which touch has none for.
import { element } from "./text.js";

const HELD_MS = 500;
const STAYS_MS = 5000;
const SLIP_PX = 10; // a finger that goes farther scrolls
const box = element("div", { className: "held", role: "status", "aria-live": "polite", hidden: "" });
/** @type {{ target: HTMLElement, x: number, y: number } | null} where a finger lies still */
let down = null;
let shown = false; // by the finger that is still there: lifting it presses nothing
let waiting = 0;
let staying = 0;

function show(sentence) {
  shown = true;
  box.textContent = sentence;
  box.hidden = false;
  staying = setTimeout(hide, STAYS_MS);
}

function hide() {
  clearTimeout(staying);
  box.hidden = true;
}

function release() {
  clearTimeout(waiting);
  down = null;
}

document.addEventListener("pointerdown", (event) => {
  hide();
  release();
  shown = false;
  if (event.pointerType !== "touch") return;
  const target = /** @type {HTMLElement | null} */ (
    /** @type {Element} */ (event.target).closest("[title], [data-held]")
  );
  if (!target) return;
  down = { target, x: event.clientX, y: event.clientY };
  waiting = setTimeout(() => {
    const sentence = target.dataset.held ?? target.title;
    if (sentence) show(sentence);
  }, HELD_MS);
});
document.addEventListener("pointermove", ({ clientX, clientY }) => {
  if (down && Math.hypot(clientX - down.x, clientY - down.y) > SLIP_PX) release();
});
for (const event of ["pointerup", "pointercancel"]) document.addEventListener(event, release);
// A cell of a grid has no menu of its own that would hide what is shown. Other links keep theirs.
document.addEventListener("contextmenu", (event) => {
  if (down?.target.matches("td, canvas")) event.preventDefault();
});
document.addEventListener(
  "click",
  (event) => {
    if (!shown) return;
    shown = false;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
document.body.append(box);
