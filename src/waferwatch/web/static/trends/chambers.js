// Chamber matching: every indicator of a recipe step compared between the chambers that ran it, farthest first.
import { announce, ask, clearProblem, queryOf, showProblem } from "../api.js";
import * as data from "../datasets.js";
import { byId, counted, element, significant, text, whole } from "../text.js";
import { range } from "./range.js";

const FIELDS = ["against", "recipe", "step", "verdict", "last"];
const PAGE = 20;
/** @type {any} What is looked at: all of it stands in the address. */
let view = read();
let shown = 0;
let turn = 0; // grows whenever something else is looked at: late answers are dropped
/** @type {Map<string, any>} */
let styles = new Map();

function read() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(FIELDS.map((name) => [name, query.get(name)]));
}

const chosen = () => Object.fromEntries(FIELDS.map((name) => [name, view[name] || null]));
const base = () => `/datasets/${encodeURIComponent(data.chosen().id)}/chamber-matching`;

function write(push) {
  const address = `/trends/chambers?${queryOf({ dataset: data.chosen().id, ...chosen() })}`;
  if (address === location.pathname + location.search) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

async function show({ more = false, push = false } = {}) {
  const mine = ++turn;
  clearProblem();
  write(push);
  byId("about").textContent = text("Comparing …"); // many wafers take a while, and what stands there is of before
  try {
    const skip = more ? shown : 0;
    const answer = await ask(`${base()}/indicators?${queryOf({ ...chosen(), limit: PAGE, skip })}`);
    if (mine === turn) put(answer, more);
  } catch (problem) {
    if (mine !== turn) return;
    byId("shown").hidden = true;
    byId("sentence").textContent = text("Chamber matching");
    byId("about").textContent = "";
    showProblem(problem);
  }
}

function put(answer, more) {
  styles = new Map(answer.chambers.map((one) => [one.name, one]));
  byId("sentence").textContent = answer.sentence;
  byId("about").textContent = answer.about;
  offer(answer);
  const lines = answer.indicators.map(line);
  if (more) byId("indicators").append(...lines);
  else byId("indicators").replaceChildren(...lines);
  if (!answer.total)
    byId("indicators").replaceChildren(element("li", { content: text("No indicator is of this kind.") }));
  shown = (more ? shown : 0) + lines.length;
  byId("more").hidden = shown >= answer.total;
  byId("more").textContent = counted("{count} more indicator", "{count} more indicators", answer.total - shown);
  const { against, last } = chosen();
  for (const format of ["csv", "xlsx"]) byId(format).href = `${base()}/export?${queryOf({ against, last, format })}`;
  byId("shown").hidden = false;
  announce(answer.sentence);
}

function offer({ chambers, recipes, steps }) {
  fill("against", [["", text("the median of all chambers")], ...chambers.map(({ name }) => [name, name])]);
  fill("recipe", [["", text("all")], ...named(recipes)]);
  fill("step", [["", text("all")], ...named(steps)]);
  byId("recipe-field").hidden = recipes.length < 2;
  byId("step-field").hidden = steps.length < 2;
  for (const name of ["verdict", "last"]) byId(name).value = view[name] ?? "";
}

const named = (names) => names.filter(Boolean).map((name) => [name, name]);

function fill(id, options) {
  byId(id).replaceChildren(...options.map(([value, content]) => element("option", { value, content })));
  byId(id).value = view[id] ?? "";
}

function line({ title, recipe, step, sensor, statistic, chambers, verdict }) {
  const query = queryOf({ dataset: data.chosen().id, recipe: recipe || null, step, sensor, stat: statistic });
  const head = element(
    "div",
    {},
    element("h3", {}, element("a", { href: `/trends?${query}`, content: title })),
    element("span", { className: "place", content: [step, recipe].filter(Boolean).join(" · ") }),
  );
  const table = element(
    "table",
    { "data-exported-by": "files" },
    element("caption", { className: "visually-hidden", content: [title, step].filter(Boolean).join(", ") }),
    element("thead", { className: "visually-hidden" }, headRow()),
    element("tbody", {}, ...chambers.map((one) => row(one, chambers))),
  );
  return element("li", { className: verdict }, head, table);
}

function headRow() {
  const titles = [text("Chamber"), text("Picture"), text("Wafers"), text("Median"), text("Verdict")];
  return element("tr", {}, ...titles.map((content) => element("th", { scope: "col", content })));
}

function row(one, chambers) {
  return element(
    "tr",
    { className: one.verdict },
    element("th", { scope: "row", content: one.equipment }),
    element("td", { className: "picture" }, range(one, chambers, styles.get(one.equipment))),
    element("td", { className: "number", content: whole(one.wafers) }),
    element("td", { className: "number", content: significant(one.median, 4) }),
    element("td", { content: one.said }),
  );
}

for (const name of FIELDS) {
  byId(name).addEventListener("change", () => {
    view = { ...view, [name]: byId(name).value };
    show({ push: true });
  });
}
byId("more").addEventListener("click", () => show({ more: true }));
byId("print").addEventListener("click", () => window.print());
byId("scope").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("popstate", () => {
  view = read();
  show();
});
let first = true;
data.onDataset(() => {
  if (!first) view = { last: view.last, verdict: view.verdict };
  first = false;
  show();
});
data.start();
