// Marks on the time of a data set: kept, listed, taken away, and what can be done with them.
import { announce, ask } from "../api.js";
import { byId, counted, element, isTime, text } from "../text.js";

/** @type {Record<string, string>} */
const KINDS = {
  pm: text("PM"),
  change: text("change"),
  normal: text("normal"),
  left_out: text("left out of learning"),
};
const MOST_NAMED = 150; // wafers in the address of another page

const path = (dataset, rest = "") => `/datasets/${encodeURIComponent(dataset)}/marks${rest}`;
export const place = (value) => (isTime(value) ? value.replace("T", " ") : String(value));

export const listed = async (dataset) => (await ask(path(dataset))).marks;

export async function keep(dataset, mark) {
  const made = await ask(path(dataset), { method: "POST", body: mark });
  announce(text("Marked: {kind}", { kind: KINDS[mark.kind] }));
  return made;
}

/**
 * @param {string} dataset
 * @param {any[]} marks
 * @param {{ changed: () => void, again: (mark: any) => void, fail: (problem: any) => void }} does
 */
export function show(dataset, marks, does) {
  byId("marks").hidden = !marks.length;
  byId("mark-list").replaceChildren(...marks.map((mark) => entry(dataset, mark, does)));
  const normal = marks.filter(({ kind }) => kind === "normal");
  const out = marks.filter(({ kind }) => kind === "left_out");
  const links = [];
  if (normal.length || out.length) links.push(learning(dataset, normal, out));
  if (normal.length === 1) links.push(again(normal[0], does));
  byId("mark-onward").replaceChildren(...links);
}

function entry(dataset, mark, { changed, fail }) {
  const where = mark.equipment ?? text("all chambers");
  const from = mark.start === mark.end ? place(mark.start) : `${place(mark.start)} – ${place(mark.end)}`;
  const wafers = mark.wafers.length ? ` · ${counted("{count} wafer", "{count} wafers", mark.wafers.length)}` : "";
  const about = element("span", { content: `${KINDS[mark.kind]} · ${where} · ${from}${wafers} · ${mark.user}` });
  const remove = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-secondary",
    content: text("Remove"),
    "aria-label": `${text("Remove")}: ${KINDS[mark.kind]}, ${where}, ${from}`,
  });
  remove.addEventListener("click", () =>
    ask(path(dataset, `/${mark.id}`), { method: "DELETE" })
      .then(changed)
      .catch(fail),
  );
  const acts = [remove];
  if (mark.kind === "pm" || mark.kind === "change") {
    const query = { dataset, at: mark.start, ...(mark.equipment ? { chamber: mark.equipment } : {}) };
    const href = `/pm?${new URLSearchParams(query)}`;
    acts.unshift(element("a", { className: "btn btn-sm btn-outline-primary", href, content: text("PM check") }));
  }
  return element("li", {}, about, element("span", { className: "chosen-acts" }, ...acts));
}

// To the form that learns a monitor, filled in: wafers by name, or of very many the period.
function learning(dataset, normal, out) {
  const named = (marks) => [...new Set(marks.flatMap(({ wafers }) => wafers))];
  const wafers = named(normal);
  const ends = [
    normal.map(({ start }) => start).sort()[0],
    normal
      .map(({ end }) => end)
      .sort()
      .at(-1),
  ];
  const equipment = [...new Set(normal.map((mark) => mark.equipment))];
  const query = new URLSearchParams({ dataset });
  if (wafers.length && wafers.length <= MOST_NAMED) query.set("wafers", wafers.join(", "));
  else if (normal.length) {
    query.set("start", ends[0]);
    query.set("end", ends[1] ?? "");
  }
  if (equipment.length && !equipment.includes(null)) query.set("equipment", equipment.join(", "));
  if (out.length) query.set("leave_out", named(out).slice(0, MOST_NAMED).join(", "));
  const href = `/monitors?${query}#learn`;
  return element("a", { href, content: text("Learn a monitor from what is marked") });
}

function again(mark, does) {
  const button = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-primary",
    content: text("Detect again with this stretch as known normal"),
  });
  button.addEventListener("click", () => does.again(mark));
  return button;
}
