// Keys of every page: one table for what they do and for the help that lists them.
import { byId, element, text } from "./text.js";

const OFF = "waferwatch-keys-off";
const PICKED = "#picked:not([hidden])"; // while problems are chosen
const WRITES = "input, select, textarea, [contenteditable]";
const ARROWS = ["ArrowDown", "ArrowUp"];
const AT_ONCE = "select:is([data-act], [data-together], .alarm *, .roles-table *, #scope *)"; // what is chosen is done

const NAMES = { Escape: "Esc" }; // of keys, as they are printed on them
const HANGUL = /^([\u3131-\u318e]|Process)$/; // what a letter key gives while the keyboard is set to Hangul

/** @type {() => any[]} */
const rows = () => [...document.querySelectorAll(".row-link")].filter((link) => link.checkVisibility()); // not folded away
const press = (id) => () => byId(id)?.click();

/** @type {{ key: string, title: string, needs: string, act: (event: KeyboardEvent) => void }[]} */
const TABLE = [
  { key: "1 – 6", title: text("Open an entry of the navigation"), needs: ".pages a", act: openEntry },
  { key: "j", title: text("Next problem"), needs: ".row-link, #next", act: () => move(1) },
  { key: "k", title: text("Previous problem"), needs: ".row-link, #previous", act: () => move(-1) },
  { key: "o", title: text("Open the problem"), needs: ".row-link", act: open },
  { key: "[", title: text("Wafer before"), needs: "#wafer-before", act: press("wafer-before") },
  { key: "]", title: text("Next wafer"), needs: "#wafer-after", act: press("wafer-after") },
  { key: ",", title: text("Sensor before"), needs: "#trend #sensor", act: () => turn("sensor", -1) },
  { key: ".", title: text("Next sensor"), needs: "#trend #sensor", act: () => turn("sensor", 1) },
  { key: "<", title: text("Step before"), needs: "#trend #step", act: () => turn("step", -1) },
  { key: ">", title: text("Next step"), needs: "#trend #step", act: () => turn("step", 1) },
  { key: "b", title: text("Select wafers by number"), needs: "#by-number", act: selectByNumber },
  { key: "z", title: text("Former range"), needs: "#undo-zoom", act: press("undo-zoom") },
  { key: "0", title: text("Whole range"), needs: "#whole", act: press("whole") },
  { key: "/", title: text("Search"), needs: "#search", act: search },
  { key: "a", title: text("Acknowledge"), needs: "[data-acts]", act: () => actOn("acknowledge") },
  { key: "s", title: text("Shelve"), needs: "[data-acts]", act: () => actOn("shelve") },
  { key: "t", title: text("True alarm"), needs: "#verdict, [data-acts]", act: () => judge("true_alarm") },
  { key: "f", title: text("False alarm"), needs: "#verdict, [data-acts]", act: () => judge("false_alarm") },
  {
    key: "c",
    title: text("Intended change"),
    needs: "#verdict, [data-acts]",
    act: () => judge("intended_change"),
  },
  { key: "x", title: text("Choose the problem"), needs: ".pick", act: choose },
  { key: "m", title: text("Merge the chosen problems"), needs: `${PICKED} #picked-merge`, act: press("picked-merge") },
  { key: "Esc", title: text("Choose none"), needs: PICKED, act: press("picked-clear") },
  { key: "n", title: text("Write a note"), needs: `#note, ${PICKED}`, act: note },
  { key: "e", title: text("Export"), needs: ".menu > summary", act: openExport },
  { key: "p", title: text("Print"), needs: "body", act: printPage },
  { key: "a", title: text("Acknowledge the alarm"), needs: "#need .alarm", act: acknowledge },
  { key: "w", title: text("Screen on the wall"), needs: "#wall", act: press("wall") },
  { key: "?", title: text("This help"), needs: "body", act: help },
];

function openEntry({ key }) {
  /** @type {any} */ (document.querySelectorAll(".pages a")[Number(key) - 1])?.click();
}

// On a list from row to row; on the page of one problem to the next.
function move(by) {
  if (byId("next")) {
    byId(by > 0 ? "next" : "previous").click();
    return;
  }
  const all = rows();
  const at = all.indexOf(/** @type {any} */ (document.activeElement));
  all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]?.focus();
}

function open() {
  const active = /** @type {any} */ (document.activeElement);
  if (rows().includes(active)) active.click();
}

// The box of the row in focus.
function choose() {
  const row = document.activeElement?.closest("[data-problem]") ?? document.querySelector("[data-problem]");
  /** @type {any} */ (row?.querySelector(".pick"))?.click();
}

function note() {
  (document.querySelector(PICKED) ? byId("picked-note") : byId("note")).focus();
}

function judge(verdict) {
  const button = /** @type {any} */ (document.querySelector(`#verdict button[value=${verdict}]`));
  if (button) button.click();
  else actOn(verdict);
}

// What is done with the chosen rows, else on a list with the row in focus; on the page of one problem with that one.
function actOn(name) {
  const together = /** @type {any} */ (document.querySelector(`${PICKED} [data-together=${name}]:not([hidden])`));
  if (together) {
    if (together.tagName === "SELECT") together.focus();
    else together.click();
    return;
  }
  if (document.querySelector(PICKED)) return; // it does not go for the chosen ones
  const all = document.querySelectorAll("[data-acts]");
  const row = document.activeElement?.closest("[data-problem]")?.querySelector("[data-acts]");
  const box = all.length === 1 ? all[0] : row;
  const control = /** @type {any} */ (box?.querySelector(`[data-act=${name}]:not([hidden])`));
  if (control?.tagName === "SELECT") control.focus();
  else control?.click();
}

function search() {
  const folded = byId("scope-open");
  if (folded) folded.checked = true; // on a phone the bar is folded
  byId("search").focus();
  byId("search").select();
}

// The one in focus, else the worst.
function acknowledge() {
  const alarm = document.activeElement?.closest("#need .alarm") ?? document.querySelector("#need .alarm");
  /** @type {any} */ (alarm?.querySelector(".btn-primary"))?.click();
}

// The entry before or after the one that is chosen in a list.
function turn(id, by) {
  const list = byId(id);
  const at = list.selectedIndex + by;
  if (at < 0 || at >= list.options.length) return;
  list.selectedIndex = at;
  list.dispatchEvent(new Event("change"));
}

function selectByNumber() {
  byId("by-number").open = true;
  byId("from-wafer").focus();
}

function openExport() {
  const menu = /** @type {any} */ (document.querySelector(".menu"));
  menu.open = !menu.open;
  menu.querySelector(menu.open ? "a" : "summary").focus();
}

function printPage() {
  if (byId("print")) byId("print").click();
  else print();
}

function help() {
  const dialog = element("dialog", { className: "keys-help", "aria-labelledby": "keys-title" });
  const listed = TABLE.filter(({ needs }) => document.querySelector(needs));
  const off = element("input", { type: "checkbox", id: "keys-off", className: "form-check-input" });
  off.checked = switchedOff();
  off.addEventListener("change", () => keep(off.checked));
  const close = element("button", { className: "btn btn-sm btn-outline-secondary", content: text("Close") });
  dialog.append(
    element("h2", { id: "keys-title", className: "panel-title", content: text("Keys of this page") }),
    element(
      "dl",
      { className: "facts-list" },
      ...listed.flatMap(({ key, title }) => [
        element("dt", {}, element("kbd", { content: key })),
        element("dd", { content: title }),
      ]),
    ),
    element(
      "div",
      { className: "form-check" },
      off,
      element("label", {
        for: "keys-off",
        className: "form-check-label",
        content: text("Switch single keys off, but for ?"),
      }),
    ),
    element("form", { method: "dialog" }, close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function switchedOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false; // the browser keeps nothing
  }
}

function keep(off) {
  try {
    localStorage.setItem(OFF, off ? "1" : "0");
  } catch {
    // for this page alone they stay as they are
  }
}

document.addEventListener("keydown", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || target.closest(WRITES)) return;
  if (document.querySelector("dialog[open]") || (event.key !== "?" && switchedOff())) return;
  const key = HANGUL.test(event.key) ? event.code.replace("Key", "").toLowerCase() : event.key;
  const wanted = /^[1-6]$/.test(key) ? "1 – 6" : (NAMES[key] ?? key);
  const found = TABLE.find(({ key, needs }) => key === wanted && document.querySelector(needs));
  if (!found) return;
  event.preventDefault();
  found.act(event);
});

// A list that acts as soon as an entry is chosen is opened by an arrow: closed, it would act on each entry it passes.
document.addEventListener("keydown", (event) => {
  const list = /** @type {HTMLSelectElement} */ (event.target);
  if (event.altKey || !ARROWS.includes(event.key) || !list.matches(AT_ONCE) || !("showPicker" in list)) return;
  event.preventDefault();
  list.showPicker();
});
