// The data sets: choose, upload, delete.
import { announce, ask, clearProblem, Problem, send, showNotes, showProblem } from "./api.js";
import { byId, element, page, text, whole } from "./text.js";

const select = byId("dataset");
const removal = byId("delete");
const datasets = new Map(page.datasets.map((dataset) => [dataset.id, dataset]));
const followers = [];

export const onDataset = (follower) => followers.push(follower);
export const chosen = () => datasets.get(select.value);
export const nameOf = (dataset) => (dataset.builtin ? text("demo") : dataset.name);

const withRole = (dataset, ...roles) => Object.keys(dataset.roles).filter((column) => roles.includes(dataset.roles[column]));
export const sensorsOf = (dataset) => withRole(dataset, "sensor");
export const groupsOf = (dataset) => withRole(dataset, "equipment", "lot", "wafer", "recipe", "step", "context");

function list(id) {
  select.replaceChildren(
    ...[...datasets.values()].map((dataset) => element("option", { value: dataset.id, content: nameOf(dataset) })),
  );
  select.value = datasets.has(id) ? id : "demo";
  choose();
}

function choose() {
  const dataset = chosen();
  removal.hidden = dataset.builtin;
  calm();
  byId("dataset-size").textContent = text("size", { rows: whole(dataset.rows), columns: whole(dataset.columns) });
  byId("roles").replaceChildren(
    ...Object.entries(dataset.roles).map(([column, role]) =>
      element("tr", {}, element("td", { content: column }), element("td", { content: text(`role_${role}`) })),
    ),
  );
  followers.forEach((follower) => follower(dataset));
}

async function upload(file) {
  clearProblem();
  if (file.size > page.most_bytes) {
    const limit = whole(page.most_bytes / 1e6);
    showProblem(new Problem({ message: text("too_large", { limit }), hint: text("too_large_hint") }));
    return;
  }
  const box = byId("upload");
  box.hidden = false;
  progress(file.name, 0);
  try {
    const { notes, ...dataset } = await send("/datasets", file, (share) => progress(file.name, share));
    datasets.set(dataset.id, dataset);
    list(dataset.id);
    showNotes(notes);
    announce(text("uploaded", { name: dataset.name, rows: whole(dataset.rows) }));
  } catch (problem) {
    showProblem(problem);
  } finally {
    box.hidden = true;
  }
}

function progress(name, share) {
  const bar = document.querySelector("#upload .progress");
  byId("upload-text").textContent = text(share < 1 ? "uploading" : "reading", { name });
  bar.setAttribute("aria-valuenow", Math.round(share * 100));
  bar.firstElementChild.style.width = `${share * 100}%`;
}

// Deleting asks once more in place: the first press arms the button for some seconds.
let armed = null;

function calm() {
  clearTimeout(armed);
  armed = null;
  removal.textContent = text("delete");
  removal.classList.replace("btn-danger", "btn-outline-danger");
}

async function remove() {
  if (armed === null) {
    removal.textContent = text("delete_sure");
    removal.classList.replace("btn-outline-danger", "btn-danger");
    armed = setTimeout(calm, 5000);
    return;
  }
  calm();
  const dataset = chosen();
  try {
    await ask(`/datasets/${encodeURIComponent(dataset.id)}`, { method: "DELETE" });
    announce(text("deleted", { name: dataset.name }));
  } catch (problem) {
    showProblem(problem);
    if (problem.status !== 404) return;
  }
  datasets.delete(dataset.id);
  list("demo");
  select.focus();
}

export function start() {
  select.addEventListener("change", () => {
    clearProblem();
    showNotes([]);
    choose();
  });
  removal.addEventListener("click", remove);
  const input = byId("file");
  input.addEventListener("change", async () => {
    if (input.files.length) await upload(input.files[0]);
    input.value = "";
  });
  const drop = byId("drop");
  const over = (on) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", on);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) upload(event.dataTransfer.files[0]);
  });
  list(select.value);
}
