// Plotly figures in the page's colours and language. Each is drawn once it comes on the screen, so that Plotly, which is
// large, never stands in the way of what is read first.
import { page, text } from "../text.js";
import { followKeys } from "./by_keys.js";
import { plotly } from "./plotly.js";

/** @type {Map<any, {figure: any, options: any}>} What is to be seen in each target. */
const wanted = new Map();
/** @type {Set<any>} Targets that are not on the screen yet. */
const waiting = new Set();
/** @type {Map<any, Map<string, (event: any) => void>>} Target to event to what follows it. */
const followers = new Map();
const drawn = new Set();
let onPaper = false;
const IDLE_MS = 2000; // after which a desk draws what is not on the screen: it may be printed at any moment
const PAPER_PX = 690; // of A4 upright within its margins, at 96 dots an inch
const TOUCH = matchMedia("(hover: none), (pointer: coarse)"); // there Plotly's tool bar would always lie over the legend

function theme() {
  const style = getComputedStyle(document.body);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    ink: color("--ink"),
    soft: color("--ink-soft"),
    grid: color("--chart-grid"),
    surface: color("--surface"),
    line: color("--line"),
    font: style.fontFamily,
  };
}

// Colours of the page stand in figures by their names, as var(--chamber-1).
function painted(part) {
  if (typeof part === "string") {
    const name = /^var\((--[\w-]+)\)$/.exec(part)?.[1];
    return name ? getComputedStyle(document.body).getPropertyValue(name).trim() : part;
  }
  if (Array.isArray(part)) return part.length && typeof part[0] === "object" ? part.map(painted) : part;
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, painted(value)]));
}

function themed(layout) {
  const { ink, soft, grid, surface, line, font } = theme();
  const axis = { gridcolor: grid, linecolor: line, zerolinecolor: grid, tickfont: { color: soft }, automargin: true };
  const own = structuredClone(painted(layout));
  for (const name of Object.keys(own).filter((key) => /^[xy]axis\d*$/.test(key))) own[name] = { ...axis, ...own[name] };
  const narrow = matchMedia("(max-width: 575px)").matches;
  if (narrow) own.margin = { ...own.margin, l: Math.min(own.margin?.l ?? 48, 48), r: 8 };
  return {
    ...own,
    autosize: true,
    separators: ".,",
    dragmode: narrow ? false : (own.dragmode ?? "zoom"),
    font: { family: font, size: 12, color: ink },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
    hoverlabel: { bgcolor: surface, bordercolor: line, font: { family: font, color: ink } },
  };
}

function registerLocale() {
  const dictionary = {
    Zoom: text("Zoom"),
    Pan: text("Pan"),
    "Zoom in": text("Zoom in"),
    "Zoom out": text("Zoom out"),
    Autoscale: text("Show all"),
    "Reset axes": text("Reset axes"),
    "Double-click to zoom back out": text("Double-click to zoom out"),
    "median:": text("median:"),
    "q1:": text("25 %:"),
    "q3:": text("75 %:"),
    "lower fence:": text("5 %:"),
    "upper fence:": text("95 %:"),
    "min:": text("5 %:"),
    "max:": text("95 %:"),
  }; // Plotly's own words
  const locale = { moduleType: "locale", name: page.language, dictionary };
  Plotly.register(page.language === "ko" ? { ...locale, format: koreanDates() } : locale);
}

function koreanDates() {
  const names = (options, dates) =>
    dates.map((date) => new Intl.DateTimeFormat("ko", { ...options, timeZone: "UTC" }).format(date));
  const days = Array.from({ length: 7 }, (_, day) => Date.UTC(2023, 0, 1 + day)); // 1 January 2023 is a Sunday
  const months = Array.from({ length: 12 }, (_, month) => Date.UTC(2023, month, 1));
  return {
    days: names({ weekday: "long" }, days),
    shortDays: names({ weekday: "short" }, days),
    months: names({ month: "long" }, months),
    shortMonths: names({ month: "short" }, months),
    periods: ["오전", "오후"],
    dateTime: "%Y-%m-%d %H:%M:%S",
    date: "%Y-%m-%d",
    time: "%H:%M:%S",
    decimal: ".",
    thousands: ",",
    grouping: [3],
    currency: ["₩", ""],
    year: "%Y년",
    month: "%Y년 %-m월",
    dayMonth: "%-m월 %-d일",
    dayMonthYear: "%Y년 %-m월 %-d일",
  };
}

// A button that saves the figure as it is seen, on the page's own ground: a bare one is hard to read elsewhere.
function saving(format, icon) {
  const save = ({ id, data, layout, offsetWidth: width, offsetHeight: height }) =>
    Plotly.downloadImage(
      { data, layout: { ...layout, paper_bgcolor: theme().surface }, config: { locale: page.language } },
      { format, width, height, scale: format === "png" ? 2 : 1, filename: `waferwatch-${id}` },
    );
  return {
    name: `save-${format}`,
    title: { png: text("Save as PNG"), svg: text("Save as SVG") }[format],
    icon: Plotly.Icons[icon],
    click: save,
  };
}

let registered = false;

/**
 * Shows a figure, now or once its target comes on the screen; of several the last.
 *
 * @param {any} target
 * @param {any} figure
 * @param {any} [options] more of Plotly's configuration
 */
export async function draw(target, figure, options = {}) {
  target.style.height = figure.layout.height ? `${figure.layout.height}px` : "";
  wanted.set(target, { figure, options });
  if (drawn.has(target) || onScreen(target)) {
    await put(target);
    return;
  }
  waiting.add(target);
  screen.observe(target);
  if (!TOUCH.matches) setTimeout(() => requestIdleCallback(drawAll), IDLE_MS);
}

/**
 * Calls the follower at a Plotly event of a target once that is drawn: to be said before. A later one takes its place.
 *
 * @param {any} target
 * @param {string} event
 * @param {(event: any) => void} follower
 */
export function onEvent(target, event, follower) {
  if (!followers.has(target)) followers.set(target, new Map());
  followers.get(target)?.set(event, follower);
}

function listen(target) {
  drawn.add(target);
  target.dataset.drawn = "";
  followKeys(target);
  for (const [event] of followers.get(target) ?? [])
    target.on(event, (happened) => followers.get(target)?.get(event)?.(happened));
}

function onScreen(target) {
  const { top, bottom, width } = target.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}

const screen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) put(target);
});

async function put(target) {
  waiting.delete(target);
  screen.unobserve(target);
  await plotly();
  const { figure, options } = wanted.get(target) ?? {};
  if (!figure) return; // cleared meanwhile
  if (!registered) registerLocale();
  registered = true;
  await Plotly.react(target, painted(figure.data), themed(figure.layout), {
    responsive: true,
    displaylogo: false,
    displayModeBar: TOUCH.matches ? false : "hover",
    // By default Plotly offers to send the figure to its makers' cloud: fab data stay here.
    showSendToCloud: false,
    plotlyServerURL: "",
    locale: page.language,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "toImage"],
    modeBarButtonsToAdd: [saving("png", "camera"), saving("svg", "disk")],
    ...options,
  });
  target.classList.remove("undrawn");
  if (!drawn.has(target)) listen(target);
  if (onPaper) fitPaper(target);
}

/**
 * Changes parts of the layout of a figure: faster than another figure.
 *
 * @param {any} target
 * @param {Record<string, any>} change as Plotly.relayout takes it
 */
export const change = async (target, change) => drawn.has(target) && Plotly.relayout(target, change);

/** Draws what has not come on the screen: before the page is printed, and once somebody does something. */
export async function drawAll() {
  await Promise.all([...waiting].filter((target) => target.checkVisibility()).map(put));
}

for (const event of ["pointermove", "pointerdown", "keydown"]) addEventListener(event, drawAll);

// What is printed is what stands there at once, and figures do not follow the paper's width by themselves.
addEventListener("beforeprint", () => {
  onPaper = true;
  for (const target of [...wanted.keys()].filter((each) => !drawn.has(each) && each.checkVisibility())) {
    target.classList.add("undrawn");
    target.dataset.undrawn = text("This chart was not drawn yet: close the preview, wait a moment and print again.");
  }
  for (const target of drawn) fitPaper(target);
  drawAll();
});
addEventListener("afterprint", () => {
  onPaper = false;
  for (const target of drawn) if (target.layout?.width) Plotly.relayout(target, { width: null, autosize: true });
});

function fitPaper(target) {
  if (target.clientWidth > PAPER_PX) Plotly.relayout(target, { width: PAPER_PX });
}

export function clear(target) {
  waiting.delete(target);
  screen.unobserve(target);
  wanted.delete(target);
  if (drawn.delete(target)) Plotly.purge(target);
}

// A figure drawn in a hidden pane has no size until it is seen.
export const resize = (target) => drawn.has(target) && Plotly.Plots.resize(target);

document.addEventListener("themechange", () => {
  for (const target of drawn) {
    const { figure } = wanted.get(target) ?? {};
    if (!figure) continue;
    const range = target.layout?.xaxis?.range;
    const layout = themed(figure.layout);
    if (range && layout.xaxis && !layout.xaxis.range) layout.xaxis.range = range;
    Plotly.react(target, painted(figure.data), layout, target._context);
  }
});
