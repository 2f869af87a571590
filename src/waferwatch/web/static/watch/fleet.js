// All chambers in groups: a head with counts, tiles of the worst, and a square for each one where there are many.
import { byId, element, text, whole } from "../text.js";
import { squares } from "./squares.js";
import { STATES, showTiles } from "./tiles.js";

const PAGE = 60; // tiles
const ORDER = ["alarm", "silent", "cannot_score", "unknown", "no_early", "learning", "maintenance", "no_monitor"];
/** @type {Map<string, any>} name of a group -> its elements */
const groups = new Map();
/** @type {Map<string, [string, string][]>} digest -> source and name of each chamber */
const names = new Map();
const state = { limit: PAGE, choose: (_chamber) => {} };

/** What the page asks for: the fields above the chambers, which stand in the address too. */
export function query() {
  const fields = {
    group: byId("fleet-group").value,
    area: byId("fleet-area").value,
    state: byId("fleet-state").value,
    find: byId("fleet-find").value.trim(),
  };
  return { ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value)), limit: state.limit };
}

/** Digests of groups whose names are known. */
export const knownNames = () => [...names.keys()].join(",") || null;

/**
 * @param {any} answer of /watch/chambers
 * @param {(chamber: any) => void} choose called with a chamber that is pressed
 */
export function showFleet(answer, choose) {
  state.choose = async (chamber) => {
    await choose(chamber);
    byId("trace").scrollIntoView({ block: "nearest" });
  };
  byId("no-chamber").hidden = answer.total > 0;
  byId("fleet-tools").hidden = answer.total === 0;
  byId("fleet-legend").hidden = answer.groups.every((group) => group.total === group.chambers.length);
  byId("no-match").hidden = answer.total === 0 || answer.shown > 0;
  const box = byId("fleet");
  for (const group of answer.groups) if (group.names) names.set(group.digest, group.names);
  const digests = new Set(answer.groups.map(({ digest }) => digest));
  for (const digest of names.keys()) if (!digests.has(digest)) names.delete(digest); // its group is another one now
  const sections = answer.groups.map((group) => {
    const made = groups.get(group.name) ?? sectionOf(group.name);
    groups.set(group.name, made);
    update(made, group);
    return made.section;
  });
  for (const section of [...box.children]) if (!sections.includes(section)) section.remove();
  const held = box.matches(":hover") || box.contains(document.activeElement);
  if (held) box.append(...sections.filter((section) => section.parentElement !== box));
  else if (sections.some((section, at) => box.children[at] !== section)) box.append(...sections);
  offerAreas(answer);
}

function sectionOf(name) {
  const made = {
    title: element("h3", { className: "group-title" }),
    counts: element("p", { className: "group-counts form-text" }),
    tiles: element("ol", { className: "chamber-list", "aria-label": name || text("Others") }),
    more: element("button", { type: "button", className: "btn btn-sm btn-outline-secondary" }),
    digest: "",
    squares: squares((at) => {
      const place = names.get(made.digest)?.[at];
      if (place) state.choose({ source: place[0], equipment: place[1] });
    }),
    section: element("section", { className: "group", "data-group": name }),
  };
  made.more.addEventListener("click", () => showMore(name));
  made.section.append(element("div", { className: "group-head" }, made.title, made.counts));
  made.section.append(made.squares.box, made.tiles, made.more);
  return made;
}

function update(made, group) {
  made.digest = group.digest;
  const title = group.name || text("Others");
  made.title.textContent = title;
  const parts = ORDER.filter((one) => group.counts[one]).map((one) => `${STATES[one]()} ${whole(group.counts[one])}`);
  made.counts.textContent = [text("chambers: {count}", { count: whole(group.total) }), ...parts].join(" · ");
  const rest = group.total - group.chambers.length;
  made.squares.box.hidden = rest <= 0;
  const labels = (names.get(group.digest) ?? []).map(([, equipment]) => equipment);
  if (rest > 0) made.squares.show(group.cells, labels, title);
  showTiles(made.tiles, group.chambers, state.choose);
  made.more.hidden = rest <= 0;
  made.more.textContent = text("Show more: {count} left", { count: whole(rest) });
}

// First the group alone, then more of it.
function showMore(name) {
  if (!name || byId("fleet-area").value === name) state.limit += PAGE;
  else byId("fleet-area").value = name;
  byId("fleet-tools").dispatchEvent(new Event("change"));
}

// What can be chosen grows with the fleet; the one that is chosen stays, whether there or not.
function offerAreas(answer) {
  const field = byId("fleet-area");
  const offered = new Set([...field.options].map((option) => option.value));
  for (const { name } of [...answer.groups].sort((one, other) => one.name.localeCompare(other.name)))
    if (name && !offered.has(name)) field.append(element("option", { value: name, content: name }));
}

function keep() {
  const address = new URL(location.href);
  const { limit: _, ...asked } = query();
  for (const name of ["group", "area", "state", "find"]) address.searchParams.delete(name);
  for (const [name, value] of Object.entries(asked))
    if (name !== "group" || value !== "type") address.searchParams.set(name, value);
  history.replaceState(null, "", address);
}

/** Follow the fields: `look` is called whenever something else is asked for. */
export function followFields(look) {
  const given = new URLSearchParams(location.search);
  const area = given.get("area");
  if (area) byId("fleet-area").append(element("option", { value: area, content: area }));
  for (const name of ["group", "area", "state", "find"])
    if (given.has(name)) byId(`fleet-${name}`).value = given.get(name);
  byId("fleet-tools").addEventListener("submit", (event) => event.preventDefault());
  byId("fleet-tools").addEventListener("change", (event) => {
    if (event.target?.id === "fleet-group") {
      byId("fleet-area").replaceChildren(byId("fleet-area").options[0]);
      groups.clear();
    }
    if (event.target?.id) state.limit = PAGE;
    keep();
    look();
  });
}
