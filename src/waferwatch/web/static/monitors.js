// The Monitors pages: learn, import, activate, roll back, rebase, compare, delete.
import { announce, ask, clearProblem, Problem, showProblem } from "./api.js";
import * as runs from "./run.js";
import { byId, element, text, whole } from "./text.js";

const name = byId("results").dataset.monitor; // on the page of one monitor
const path = (rest = "") => `/monitors/${encodeURIComponent(name)}${rest}`;
const value = (id) => byId(id).value.trim();
const listed = (id) =>
  value(id)
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
const given = (values) =>
  Object.fromEntries(Object.entries(values).filter(([, one]) => (Array.isArray(one) ? one.length : one !== "")));
const dataset = (id) => (value(id) === "demo" ? {} : { dataset: value(id) });

// Buttons wait while something is done; what went wrong is shown above.
async function busy(button, work) {
  clearProblem();
  button.disabled = true;
  try {
    await work();
  } catch (problem) {
    showProblem(problem);
  } finally {
    button.disabled = false;
  }
}

const onSubmit = (id, work) =>
  byId(id)?.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(event.target.querySelector("[type=submit]"), work);
  });

// Follow a job that makes a version, then show the monitor with it.
async function made(job) {
  const ended = await runs.follow(job);
  if (ended === null) return;
  const { monitor, version } = ended.summary;
  announce(text("learnt", { name: monitor, version }));
  location.assign(`/monitors/${encodeURIComponent(monitor)}`);
}

function learning() {
  const chosen = [...byId("learn-datasets").querySelectorAll(":checked")].map((box) => box.value);
  const rule = value("learn-rule");
  const parts = ["equipment", "lots", "wafers", "leave_out"].map((part) => [part, listed(`learn-${part}`)]);
  return given({
    name: value("learn-name"),
    datasets: chosen,
    start: value("learn-start"),
    end: value("learn-end"),
    ...Object.fromEntries(parts),
    detector: value("learn-detector"),
    ...(rule ? { [rule]: Number(value("learn-value")) } : {}),
  });
}

async function importFile() {
  const [file] = byId("import-file").files;
  if (!file) throw new Problem({ message: text("no_file"), hint: text("no_file_hint") });
  const form = new FormData();
  form.append("file", file, file.name);
  const query = new URLSearchParams(given({ name: value("import-name") }));
  announce(text("importing"));
  let answer;
  try {
    answer = await fetch(`/monitors/import?${query}`, {
      method: "POST",
      body: form,
      headers: { Accept: "application/json" },
    });
  } catch {
    throw new Problem({ message: text("no_server"), hint: text("no_server_hint") });
  }
  const content = await answer.json();
  if (!answer.ok) throw new Problem(content.error, answer.status);
  location.assign(`/monitors/${encodeURIComponent(content.monitor)}`);
}

async function compare() {
  const shown = byId("compared");
  shown.textContent = text("comparing");
  try {
    const body = {
      old: Number(value("compare-old")),
      new: Number(value("compare-new")),
      ...dataset("compare-dataset"),
    };
    const found = await ask(path("/compare"), { method: "POST", body });
    const numbers = { old: found.old_version, new: found.new_version };
    const events = { old_events: whole(found.old.events), new_events: whole(found.new.events) };
    const both = {
      both: whole(found.both),
      only_old: whole(found.only_old.length),
      only_new: whole(found.only_new.length),
    };
    shown.replaceChildren(
      element("p", { className: "mb-0", content: text("compared", { ...numbers, ...events }) }),
      element("p", { className: "mb-0", content: text("in_both", { ...numbers, ...both }) }),
    );
  } catch (problem) {
    shown.replaceChildren();
    throw problem;
  }
}

const ACTS = {
  activate: async (button) => {
    await ask(path("/activate"), { method: "POST", body: { version: Number(button.dataset.version) } });
    location.reload();
  },
  rollback: async () => {
    await ask(path("/rollback"), { method: "POST" });
    location.reload();
  },
  "learn-false-alarms": async () => made(await ask(path("/learn-false-alarms"), { method: "POST" })),
  delete: async () => {
    await ask(path(), { method: "DELETE" });
    location.assign(`/monitors?${new URLSearchParams({ deleted: name })}`);
  },
};

// What was deleted can be brought back for some time.
function offerUndo(deleted) {
  const button = element("button", {
    type: "button",
    className: "btn btn-sm btn-outline-secondary ms-2",
    content: text("undo"),
  });
  const box = element(
    "div",
    { className: "alert alert-secondary" },
    element("span", { content: text("deleted", { name: deleted }) }),
    button,
  );
  button.addEventListener("click", () =>
    busy(button, async () => {
      await ask(`/monitors/${encodeURIComponent(deleted)}/restore`, { method: "POST" });
      location.assign(`/monitors/${encodeURIComponent(deleted)}`);
    }),
  );
  byId("notes").replaceChildren(box);
}

onSubmit("learn-form", async () => made(await ask("/monitors", { method: "POST", body: learning() })));
onSubmit("import-form", importFile);
onSubmit("compare-form", compare);
onSubmit("rebase-form", async () => {
  const body = {
    ...dataset("rebase-dataset"),
    ...given({ since: value("rebase-since") }),
    wafers: Number(value("rebase-wafers")),
  };
  await made(await ask(path("/rebase"), { method: "POST", body }));
});
for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () =>
    busy(button, () => ACTS[/** @type {HTMLElement} */ (button).dataset.act](button)),
  );
}
byId("learn-rule")?.addEventListener("change", () => {
  byId("learn-value").hidden = !value("learn-rule");
});

const query = new URLSearchParams(location.search);
if (byId("learn-form")) {
  byId("learn-name").value = query.get("name") ?? "";
  const wanted = query.get("dataset");
  for (const box of byId("learn-datasets").querySelectorAll("input")) box.checked = box.value === (wanted ?? "demo");
}
if (query.has("deleted")) offerUndo(query.get("deleted"));
