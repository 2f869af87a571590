// The limits of a version of a monitor: asked for when their fold is opened, fifty at a time.
import { ask, queryOf, showProblem } from "../api.js";
import { byId, element, significant, text, whole } from "../text.js";

const PAGE = 50;
const fold = byId("limits-fold");
const shown = { count: 0, total: 0 };
let turn = 0; // grows whenever something else is asked for: late answers are dropped

const filters = () => ({
  recipe: byId("limits-recipe").value || null,
  step: byId("limits-step").value || null,
  statistic: byId("limits-statistic").value || null,
  search: byId("limits-search").value.trim() || null,
});

async function load(more) {
  const mine = ++turn;
  const skip = more ? shown.count : 0;
  const address = `/monitors/${encodeURIComponent(fold.dataset.name)}/limits`;
  try {
    const found = await ask(`${address}?${queryOf({ ...filters(), limit: PAGE, skip })}`);
    if (mine !== turn) return;
    if (!more) offer(found);
    const body = byId("limits").tBodies[0];
    const rows = found.limits.map(line);
    if (more) body.append(...rows);
    else body.replaceChildren(...rows);
    Object.assign(shown, { count: skip + rows.length, total: found.total });
    byId("limits-note").textContent = text("{shown} of {all} limits", {
      shown: whole(shown.count),
      all: whole(shown.total),
    });
    byId("limits-more").hidden = shown.count >= shown.total;
  } catch (problem) {
    if (mine !== turn) return;
    byId("limits-note").textContent = problem.message ?? "";
    if (problem.status !== 422) showProblem(problem);
  }
}

// Once: what can be chosen does not change.
function offer(found) {
  if (fold.dataset.offered) return;
  fold.dataset.offered = "true";
  for (const [id, names] of Object.entries({
    recipe: found.recipes,
    step: found.steps,
    statistic: found.statistics,
  })) {
    const options = names.filter(Boolean).map((value) => element("option", { value, content: value }));
    byId(`limits-${id}`).append(...options);
    byId(`limits-${id}-field`).hidden = options.length < 2;
  }
}

function line(one) {
  const place = [one.equipment, one.recipe, one.step].filter(Boolean).join(" · ");
  const cell = (title, content, className = "") => element("td", { "data-label": title, className, content });
  const kind = one.provisional ? text("provisional") : "";
  return element(
    "tr",
    {},
    element("th", { scope: "row", content: `${one.sensor_title} ${one.statistic_title}` }),
    cell(text("Where"), place),
    cell(text("Lower limit"), significant(one.lower, 4), "number"),
    cell(text("Golden median"), significant(one.usual, 4), "number"),
    cell(text("Upper limit"), significant(one.upper, 4), "number"),
    cell(text("Wafers"), [whole(one.wafers), kind].filter(Boolean).join(" · ")),
  );
}

if (fold) {
  fold.addEventListener("toggle", () => fold.open && !shown.count && load(false));
  byId("limits-more").addEventListener("click", () => load(true));
  byId("limits-form").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["recipe", "step", "statistic", "search"])
    byId(`limits-${id}`).addEventListener("change", () => load(false));
}
