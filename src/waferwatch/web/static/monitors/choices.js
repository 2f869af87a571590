// What of the chosen data sets can be golden: their period, equipment and lots, each put in by a press.
import { ask, Problem } from "../api.js";
import { byId, element, text } from "../text.js";

const MOST = 12; // that are offered
const FIELDS = { equipment: "learn-equipment", lot: "learn-lots" };
let asked = 0;

const listed = (field) =>
  field.value
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);

/**
 * Offer what these data sets hold.
 *
 * @param {string[]} datasets
 */
export async function offerChoices(datasets) {
  const mine = ++asked;
  let found;
  try {
    found = await Promise.all(datasets.map((id) => ask(`/datasets/${encodeURIComponent(id)}/filters`)));
  } catch (problem) {
    if (problem instanceof Problem) return; // names can be typed
    throw problem;
  }
  if (mine !== asked) return;
  for (const [role, id] of Object.entries(FIELDS)) {
    const columns = found.flatMap((one) => one.columns.filter((column) => column.role === role));
    offer(byId(id), [...new Set(columns.flatMap((column) => column.values.map(String)))]);
  }
  const ends = found.flatMap((one) => (one.first === null ? [] : [one.first, one.last])).sort();
  byId("learn-start").placeholder = String(ends[0] ?? "").replace("T", " ");
  byId("learn-end").placeholder = String(ends.at(-1) ?? "").replace("T", " ");
}

// A name that is pressed goes into the field, or out of it.
function offer(field, names) {
  const box = byId(`${field.id}-offer`);
  const chips = names.slice(0, MOST).map((name) => {
    const chip = element("button", { type: "button", className: "offer", content: name });
    chip.addEventListener("click", () => {
      const now = listed(field);
      field.value = (now.includes(name) ? now.filter((one) => one !== name) : [...now, name]).join(", ");
      mark();
    });
    return chip;
  });
  const mark = () => {
    for (const chip of chips) chip.setAttribute("aria-pressed", String(listed(field).includes(chip.textContent)));
  };
  const rest = names.length - chips.length;
  box.replaceChildren(...chips);
  if (rest > 0)
    box.append(element("span", { className: "form-text", content: text("and {count} more", { count: rest }) }));
  field.oninput = mark;
  mark();
}
