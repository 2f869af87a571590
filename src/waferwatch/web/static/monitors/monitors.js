// The Monitors pages: learn, import, activate, roll back, rebase, compare, delete.
import { announce, ask, clearProblem, Problem, showProblem } from "../api.js";
import * as runs from "../run.js";
import { byId, duration, element, page, text, whole } from "../text.js";
import { offerChoices } from "./choices.js";

const MOST_NAMED = 5; // events
const place = (value) => String(value).replace("T", " ");
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
  announce(text("Version {version} of {name} was made.", { name: monitor, version }));
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
  if (!file)
    throw new Problem({
      message: text("No file is chosen."),
      hint: text("Choose a file that was exported from a monitor."),
    });
  const form = new FormData();
  form.append("file", file, file.name);
  const query = new URLSearchParams(given({ name: value("import-name") }));
  announce(text("Importing"));
  const { monitor } = await ask(`/monitors/import?${query}`, { method: "POST", body: form });
  location.assign(`/monitors/${encodeURIComponent(monitor)}`);
}

async function compare() {
  const shown = byId("compared");
  shown.textContent = text("Comparing");
  try {
    const body = {
      old: Number(value("compare-old")),
      new: Number(value("compare-new")),
      ...dataset("compare-dataset"),
    };
    const found = await ask(path("/compare"), { method: "POST", body });
    for (const number of [found.old_version, found.new_version]) replayed.add(String(number));
    const numbers = { old: found.old_version, new: found.new_version };
    const events = { old_events: whole(found.old.events), new_events: whole(found.new.events) };
    const both = {
      both: whole(found.both),
      only_old: whole(found.only_old.length),
      only_new: whole(found.only_new.length),
    };
    shown.replaceChildren(
      element("p", {
        className: "mb-0",
        content: text("Compared: version {old} finds {old_events} events, version {new} finds {new_events}.", {
          ...numbers,
          ...events,
        }),
      }),
      element("p", {
        className: "mb-0",
        content: text("In both: {both}. Only in version {old}: {only_old}. Only in version {new}: {only_new}.", {
          ...numbers,
          ...both,
        }),
      }),
      ...only(found.old_version, found.only_old),
      ...only(found.new_version, found.only_new),
    );
  } catch (problem) {
    shown.replaceChildren();
    throw problem;
  }
}

// The first of the events that one version alone finds: where and when.
function only(version, events) {
  if (!events.length) return [];
  const named = events
    .slice(0, MOST_NAMED)
    .map((one) => [one.equipment, one.lot, place(one.start)].filter(Boolean).join(" "));
  const rest = events.length > MOST_NAMED ? " …" : "";
  return [
    element("p", {
      className: "form-text mb-0",
      content: text("Only in version {version}: {events}", { version, events: named.join(", ") + rest }),
    }),
  ];
}

// The ends of maintenances that were marked on the data that a rebase takes.
async function offerMarks() {
  const { marks } = await ask(`/datasets/${encodeURIComponent(value("rebase-dataset"))}/marks`);
  const ends = marks.filter(({ kind }) => kind === "pm").map(({ end, start, note }) => [place(end || start), note]);
  byId("rebase-marks").replaceChildren(
    ...ends.map(([end, note]) => element("option", { value: end, content: note || text("PM") })),
  );
}

// A version is put in use after it was compared with the one in use on data, or when somebody presses once more.
const replayed = new Set();

async function use(button) {
  const { version, old } = button.dataset;
  if (old && !replayed.has(version)) {
    byId("compare-old").value = old;
    byId("compare-new").value = version;
    await compare().catch(showProblem); // data that the two cannot be compared on keep nobody from using it
    replayed.add(version);
    byId("compared").append(
      element("p", {
        className: "fw-semibold mb-0",
        content: text("Press once more to use version {version}.", { version }),
      }),
    );
    byId("compared").scrollIntoView({ block: "nearest" });
    return;
  }
  await ask(path("/activate"), { method: "POST", body: { version: Number(version) } });
  location.reload();
}

const ACTS = {
  activate: use,
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
    content: text("Undo"),
  });
  const box = element(
    "div",
    { className: "alert alert-secondary" },
    element("span", { content: text("{name} was deleted.", { name: deleted }) }),
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

// How long learning took before, for as many rows with the same detector.
async function forecast() {
  const rows = [...byId("learn-datasets").querySelectorAll(":checked")].reduce(
    (sum, box) => sum + (page.datasets.find(({ id }) => id === box.value)?.rows ?? 0),
    0,
  );
  const { runs: before } = await ask("/runs?kind=monitor&limit=50");
  const paces = before
    .filter(({ state, options }) => state === "done" && options.detector === value("learn-detector"))
    .map((run) => {
      const known = [run.dataset, ...(run.options.datasets ?? [])].map((id) =>
        page.datasets.find((one) => one.id === id),
      );
      const all = known.reduce((sum, one) => sum + (one?.rows ?? 0), 0);
      return all ? (Date.parse(run.finished) - Date.parse(run.started)) / 1000 / all : 0;
    })
    .filter(Boolean)
    .sort((one, two) => one - two);
  const pace = paces[Math.floor(paces.length / 2)];
  byId("learn-time").textContent =
    pace && rows ? text("about {time}, as it took before", { time: duration(Math.max(1, pace * rows)) }) : "";
}

const query = new URLSearchParams(location.search);
if (byId("learn-form")) {
  const chosen = () => [...byId("learn-datasets").querySelectorAll(":checked")].map((box) => box.value);
  offerChoices(chosen());
  byId("learn-datasets").addEventListener("change", () => offerChoices(chosen()));
  forecast().catch(() => {}); // only a hint
  for (const id of ["learn-datasets", "learn-detector"]) {
    byId(id).addEventListener("change", () => forecast().catch(() => {}));
  }
}
if (byId("rebase-form")) {
  byId("rebase-dataset").addEventListener("change", () => offerMarks().catch(() => {})); // only a hint
}
if (byId("rebase-form") && query.has("since")) {
  byId("rebase-since").value = query.get("since");
  if (query.has("dataset")) byId("rebase-dataset").value = query.get("dataset");
}
if (byId("rebase-form")) offerMarks().catch(() => {});
if (query.has("deleted")) offerUndo(query.get("deleted"));
