// How a file is read: options are changed, and the table that they make is shown at once.
import { alertOf, announce, ask, Problem, showProblem } from "../../api.js";
import { byId, text, whole } from "../../text.js";
import { drawFindings } from "./findings.js";
import * as form from "./form.js";
import * as recipes from "./recipes.js";
import * as shown from "./table.js";

const QUIET_MS = 250; // after the last change, before the head of the file is read anew
const CHECK_MS = 600; // after that, before all of it is
const box = byId("import");
/** @type {any} */
let upload = null; // the file, as the server described it
/** @type {any} */
let options = {};
/** @type {AbortController | null} */
let stop = null;
let timer = 0;
const followers = { used: (_dataset, _stays) => {}, closed: () => {} };

export const onUsed = (follower) => {
  followers.used = follower;
};
export const onClosed = (follower) => {
  followers.closed = follower;
};
export const isOpen = () => upload !== null;

/** Opens the view of an uploaded file, of a data set or refused. */
export async function open(id) {
  clear();
  try {
    upload = await ask(`/uploads/${encodeURIComponent(id)}`);
  } catch (problem) {
    address(null);
    throw problem;
  }
  address(id);
  options = upload.options;
  recipes.forUpload(upload, () => options);
  byId("import-title").textContent = text("How {name} is read", { name: upload.name });
  box.hidden = false;
  byId("import-title").focus();
  form.show(options, null);
  look(0);
}

export function close() {
  stop?.abort();
  clearTimeout(timer);
  upload = null;
  box.hidden = true;
  address(null);
}

function address(id) {
  const target = new URL(location.href);
  if (id === null) target.searchParams.delete("import");
  else target.searchParams.set("import", id);
  history.replaceState(null, "", target);
}

// The head is read at once, all of the file when nothing has changed for a while.
function look(wait = QUIET_MS) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const head = await preview(false);
    if (head) timer = setTimeout(() => preview(true), CHECK_MS);
  }, wait);
}

async function preview(all) {
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  box.setAttribute("aria-busy", "true");
  if (all) state(text("The whole file is being read ..."));
  try {
    const found = await ask(`/uploads/${upload.id}/preview`, { method: "POST", body: { options, whole: all }, signal });
    clear();
    draw(found);
    return !signal.aborted;
  } catch (problem) {
    if (problem.name !== "AbortError") refuse(problem);
    return false;
  } finally {
    if (!signal.aborted) box.setAttribute("aria-busy", "false");
  }
}

function draw(found) {
  form.show(options, found);
  drawFindings(found.findings, change);
  shown.drawLines(found, change);
  shown.drawTable(found, options, change);
  const values = { rows: whole(found.rows), columns: whole(found.columns_total) };
  state(
    found.whole
      ? text("The whole file was read: {rows} rows, {columns} columns.", values)
      : text("Only the head was read anew: {rows} rows, {columns} columns. The whole file follows.", values),
  );
  byId("import-use").disabled = found.whole && !found.usable;
}

const state = (sentence) => {
  byId("import-state").textContent = sentence;
};
const clear = () => byId("import-problem").replaceChildren();

// Without a scroll: it may come while somebody writes further below.
function refuse(problem) {
  if (!(problem instanceof Problem)) throw problem;
  byId("import-problem").replaceChildren(alertOf(problem));
  state("");
}

// What somebody has changed, over what was said before; null takes something back.
function change({ role, ...said }, wait = QUIET_MS) {
  const all = { ...options, ...said, ...(role ? withRole(...role) : {}) };
  options = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && !isEmpty(value)));
  form.show(options, undefined);
  look(wait);
}

// There is one clock and one label: the column that was said to be it before is found anew.
function withRole(column, role) {
  const others = Object.entries(options.roles ?? {}).filter(([name, other]) => {
    return name !== column && !(["time", "label"].includes(role) && other === role);
  });
  const without = (names) => names?.filter((name) => name !== column) ?? null;
  return {
    roles: Object.fromEntries(role === null ? others : [...others, [column, role]]),
    time: role === "time" ? null : without(options.time),
    group: without(options.group),
    features: without(options.features),
    label: role === "label" || options.label === column ? null : (options.label ?? null),
  };
}

const isEmpty = (value) => typeof value === "object" && Object.keys(value).length === 0;

// Whether the file is still open: somebody may have gone on to another data set meanwhile.
const staysWith = (id) => upload?.id === id;

async function use() {
  const { id, refused } = upload;
  clear();
  byId("import-use").disabled = true;
  state(text("The whole file is being read ..."));
  try {
    const found = refused
      ? await ask(`/uploads/${id}/dataset`, { method: "POST", body: { options, recipe: "none" } })
      : await ask(`/datasets/${id}`, { method: "PATCH", body: { options } });
    const stays = staysWith(id);
    if (stays) close();
    announce(text("{name} is ready: {rows} rows.", { name: found.name, rows: whole(found.rows) }));
    followers.used(found, stays);
  } catch (problem) {
    if (!staysWith(id)) {
      showProblem(problem);
      return;
    }
    refuse(problem);
    if (problem.findings.length) drawFindings(problem.findings, change);
  } finally {
    byId("import-use").disabled = false;
  }
}

export function start() {
  form.start(change);
  recipes.start((recipe) => {
    options = { ...recipe.options };
    form.show(options, undefined);
    look(0);
  }, refuse);
  byId("import-use").addEventListener("click", use);
  byId("import-reset").addEventListener("click", () => {
    options = {};
    form.show(options, undefined);
    look(0);
  });
  byId("import-close").addEventListener("click", () => {
    close();
    followers.closed();
  });
  box.addEventListener("keydown", (event) => {
    const ends = event.key === "Escape" && !event.isComposing; // in Korean it may only end a syllable
    if (ends && event.target.tagName !== "SELECT") byId("import-close").click();
  });
  return new URLSearchParams(location.search).get("import") ?? null;
}
