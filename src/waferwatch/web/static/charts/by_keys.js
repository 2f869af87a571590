// What Plotly offers to the mouse alone, by keys: the tools of a figure, and hiding a line by its name in the legend.
// Each of the two is one stop of the Tab key, with arrow keys inside.
import { text } from "../text.js";

const TOOLS = ".modebar-btn";
const NAMES = ".legend .traces";

/** @param {any} target that was drawn for the first time */
export function followKeys(target) {
  target.on("plotly_afterplot", () => mark(target));
  target.addEventListener("keydown", press, true); // before the keys of the figure itself
  mark(target);
}

function mark(target) {
  const bar = target.querySelector(".modebar");
  bar?.setAttribute("role", "toolbar");
  bar?.setAttribute("aria-label", text("Tools of the figure"));
  for (const kind of [TOOLS, NAMES]) {
    const all = [...target.querySelectorAll(kind)];
    const entered = all.find((one) => one.getAttribute("tabindex") === "0") ?? all[0];
    for (const one of all) {
      one.setAttribute("tabindex", one === entered ? "0" : "-1");
      one.setAttribute("role", "button");
      one.setAttribute("aria-label", kind === TOOLS ? one.dataset.title : nameOf(one));
      if (kind === NAMES) one.setAttribute("aria-pressed", String(lineOf(one).visible !== "legendonly"));
    }
  }
}

const lineOf = (item) => item.__data__[0].trace; // as Plotly binds it
const nameOf = (item) => text("Show {name}", { name: item.textContent });

function press(event) {
  const kind = [TOOLS, NAMES].find((one) => event.target.closest(one));
  if (!kind) return;
  const item = event.target.closest(kind);
  const all = [...event.currentTarget.querySelectorAll(kind)];
  const at = all.indexOf(item);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  const acts = event.key === "Enter" || event.key === " ";
  if (to === undefined && !acts) return;
  event.preventDefault();
  event.stopPropagation();
  if (acts) act(event.currentTarget, item, kind);
  else enter(all, all[Math.min(all.length - 1, Math.max(0, to ?? 0))]);
}

function enter(all, item) {
  for (const one of all) one.setAttribute("tabindex", one === item ? "0" : "-1");
  item.focus();
}

async function act(target, item, kind) {
  if (kind === TOOLS) {
    item.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    return;
  }
  const { index, visible } = lineOf(item);
  await Plotly.restyle(target, { visible: visible === "legendonly" ? true : "legendonly" }, [index]);
  // The legend is drawn anew: the focus stays on the same name.
  [...target.querySelectorAll(NAMES)].find((one) => lineOf(one).index === index)?.focus();
}
