// One run of the list: what it was asked for, how far it is, what came of it, what can be done with it.
import { counted, decimals, element, locale, page, percent, seconds, significant, text, time, whole } from "../text.js";
import { STATES } from "../words.js";

const UNFINISHED = ["queued", "running"];
const datasets = new Map(page.datasets.map((dataset) => [dataset.id, dataset]));
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const MOST_NAMES = 6;

export const unfinished = (run) => UNFINISHED.includes(run.state);
export const there = (run) => datasets.has(run.dataset);
const MAKES_VERSIONS = ["monitor", "rebase", "widening"]; // of monitors
const ofMonitor = (run) => MAKES_VERSIONS.includes(run.kind) || run.kind === "replay";
// What a comparison found can be looked at without its data; a detection is drawn from them.
const opens = (run) =>
  (run.state === "done" || unfinished(run)) &&
  (ofMonitor(run) ? run.state === "done" : run.kind !== "detection" || there(run));
export const nameOf = (run) => run.dataset_name || text("Demo fab (virtual)");

// Moments of the server are in UTC; they are shown in the reader's own time.
function ago(date) {
  const passed = (date.getTime() - Date.now()) / 1000;
  const [name, size] = STEPS.find(([, length]) => Math.abs(passed) >= length) ?? STEPS[STEPS.length - 1];
  return relative.format(Math.round(passed / size), name);
}

export function refreshTimes(list) {
  for (const node of list.querySelectorAll("time")) node.textContent = ago(new Date(node.dateTime));
}

const named = (names) => names.slice(0, MOST_NAMES).join(", ") + (names.length > MOST_NAMES ? " …" : "");
const place = (value) => (value ? (/^\d{4}-\d\d-\d\dT/.test(value) ? time(value) : value) : "…");

// What was asked to set the threshold.
function threshold(asked) {
  if (typeof asked.threshold === "number")
    return text("threshold {value}, set by hand", { value: significant(asked.threshold, 4) });
  if (asked.false_alarms)
    return text("at most {count} false alarms per equipment and week", { count: significant(asked.false_alarms) });
  if (asked.contamination)
    return text("{share} expected", { share: percent(asked.contamination, asked.contamination < 0.01 ? 2 : 1) });
  return text("automatic threshold");
}

// The settings of a run, in words.
export function wording(run) {
  const asked = run.options;
  if (ofMonitor(run)) {
    const versions =
      run.kind === "replay" ? `v${asked.old} · v${asked.new}` : run.summary ? `v${run.summary.version}` : "";
    return [element("b", { content: asked.monitor }), versions && ` · ${versions}`];
  }
  const title = (name) => page.detectors[name] ?? name;
  const several = run.kind !== "detection";
  if (asked.monitor)
    return [element("b", { content: text("monitor {name}", { name: asked.monitor }) }), ` · ${threshold(asked)}`];
  const detectors = several
    ? asked.detectors
      ? named(asked.detectors.map(title))
      : text("all detectors")
    : title(asked.detector);
  const parts = [threshold(asked)];
  const moved = run.summary?.threshold_by === "hand" && run.summary.threshold !== asked.threshold;
  if (moved) parts.push(text("threshold moved by hand"));
  if (asked.checkpoint) parts.unshift(text("checkpoint {name}", { name: asked.checkpoint }));
  if (asked.reference_rows)
    parts.push(text("the first {count} rows of each series are normal", { count: whole(asked.reference_rows) }));
  if (asked.reference_start || asked.reference_end)
    parts.push(
      text("{start} to {end} is normal", { start: place(asked.reference_start), end: place(asked.reference_end) }),
    );
  parts.push(
    asked.features
      ? counted("{count} sensor: {names}", "{count} sensors: {names}", asked.features.length).replace("{names}", () =>
          named(asked.features),
        )
      : text("all sensors"),
  );
  for (const [column, values] of Object.entries(asked.filters ?? {}))
    parts.push(text("only {column}: {values}", { column, values: named(values) }));
  return [element("b", { content: detectors }), ` · ${parts.join(" · ")}`];
}

// (title, value, class) of each number that a finished run has.
function numbers(run) {
  const found = run.summary;
  if (!found || ofMonitor(run)) return [];
  if (run.kind !== "detection") {
    const all = [[text("Detectors"), whole(found.detectors?.length ?? 0)]];
    if (found.faults) all.push([text("Injected faults"), whole(found.faults)]);
    return [...all, [text("Seconds"), seconds(found.seconds)]];
  }
  const all = [[text("Rows"), whole(found.rows)]];
  // Checks of before did not keep how many there are.
  if (found.problems !== undefined) all.push([text("Problems"), whole(found.problems), found.problems ? "alarm" : ""]);
  all.push(
    [text("Events"), whole(found.events), found.events ? "alarm" : ""],
    [text("Anomalous"), percent(found.rows ? found.anomalies / found.rows : 0, 2), found.anomalies ? "alarm" : ""],
  );
  if (found.f1 !== null && found.f1 !== undefined) all.push([text("F1"), decimals(found.f1)]);
  return [...all, [text("Seconds"), seconds(found.seconds)]];
}

function bar(run) {
  const progress = element("div", {
    className: "progress",
    role: "progressbar",
    "aria-label": text("Running"),
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  progress.append(element("div", { className: "progress-bar" }));
  const box = element("div", { className: "run-bar run-wide" }, progress, element("span"));
  showProgress(box, run);
  return box;
}

export function showProgress(card, run) {
  const box = card.matches(".run-bar") ? card : card.querySelector(".run-bar");
  if (!box) return;
  const waits = run.state === "queued";
  box.querySelector(".progress").setAttribute("aria-valuenow", Math.round(run.progress * 100));
  box.querySelector(".progress-bar").style.width = `${waits ? 0 : Math.max(2, run.progress * 100)}%`;
  box.querySelector("span").textContent = waits
    ? text("Waiting; place in the queue: {place}", { place: run.place ?? 1 })
    : percent(run.progress, 0);
}

function why(run) {
  const reason =
    run.error ??
    (run.state === "interrupted" ? { message: text("The server ended before this run did."), hint: "" } : null);
  if (!reason) return null;
  const line = element("p", { className: "run-why run-wide", content: reason.message });
  if (reason.hint) line.append(element("span", { className: "hint", content: reason.hint }));
  return line;
}

const whenOf = (run) => exact.format(new Date(run.created));
export const saying = (action, run) =>
  text("{action}: run on {name}, {when}", { action, name: nameOf(run), when: whenOf(run) });

/** @type {Record<string, string>} What can be done with a run. */
const ACTIONS = {
  open: text("Open"),
  cancel: text("Cancel"),
  repeat: text("Repeat on other data"),
  again: text("Start again"),
  export: text("Export"),
  delete: text("Delete"),
  keep: text("Keep it"),
};
/** @type {Record<string, string>} */
const RUN_KINDS = {
  detection: text("Detection"),
  comparison: text("Comparison"),
  injection: text("Injected faults"),
  monitor: text("Learning of a monitor"),
  rebase: text("Rebase of a monitor"),
  widening: text("False alarms learnt as normal"),
  replay: text("Comparison of two versions"),
};

function button(action, run, className = "btn-outline-secondary") {
  return element("button", {
    type: "button",
    className: `btn btn-sm ${className}`,
    content: ACTIONS[action],
    "data-action": action,
    "aria-label": saying(ACTIONS[action], run),
  });
}

function address(run) {
  if (ofMonitor(run)) return `/monitors/${encodeURIComponent(run.options.monitor)}`;
  return `${run.kind === "detection" ? "/problems" : "/monitors/compare"}?run=${encodeURIComponent(run.id)}`;
}

function exportsOf(run) {
  const base = `/runs/${encodeURIComponent(run.id)}`;
  const files = [
    [text("Rows as CSV"), `${base}/export?what=rows&format=csv`, true],
    [text("Rows as Parquet"), `${base}/export?what=rows&format=parquet`, true],
    [text("Events as CSV"), `${base}/export?what=events&format=csv`, false],
    [text("Events as Excel"), `${base}/export?what=events&format=xlsx`, false],
    [text("Events as JSON"), `${base}/export?what=events&format=json`, false],
    [text("Report (HTML, opens offline)"), `${base}/report.html`, true],
  ];
  const items = files.map(([name, href, needsData]) => {
    const blocked = needsData && !there(run);
    const link = blocked
      ? element("span", { className: "dropdown-item disabled", content: `${name} (${text("needs the data set")})` })
      : element("a", { className: "dropdown-item", href, content: name });
    return element("li", {}, link);
  });
  const toggle = button("export", run, "btn-outline-secondary dropdown-toggle");
  toggle.dataset.bsToggle = "dropdown";
  toggle.setAttribute("aria-expanded", "false");
  return element("div", { className: "dropdown" }, toggle, element("ul", { className: "dropdown-menu" }, ...items));
}

function actions(run) {
  const box = element("div", { className: "run-actions" });
  if (unfinished(run)) box.append(button("cancel", run, "btn-outline-danger"));
  if (run.state === "done" && opens(run)) {
    box.append(
      element("a", {
        className: "btn btn-sm btn-primary",
        href: address(run),
        content: text("Open"),
        "aria-label": saying(text("Open"), run),
      }),
    );
  }
  if (["failed", "cancelled", "interrupted"].includes(run.state) && there(run) && !ofMonitor(run))
    box.append(button("again", run, "btn-primary"));
  if (run.state === "done" && run.kind === "detection") box.append(exportsOf(run));
  if (!unfinished(run) && !ofMonitor(run)) box.append(button("repeat", run));
  if (!unfinished(run)) box.append(button("delete", run, "btn-outline-danger"));
  return box;
}

export function card(run) {
  const title = element("h2", { className: "run-title" });
  title.append(opens(run) ? element("a", { href: address(run), content: nameOf(run) }) : nameOf(run));
  const head = element(
    "div",
    { className: "run-head" },
    title,
    element("span", { className: `run-state ${run.state}`, content: STATES[run.state] }),
    element("span", { className: "run-kind", content: RUN_KINDS[run.kind] }),
  );
  if (!there(run)) head.append(element("span", { className: "run-gone", content: text("data set deleted") }));
  const created = new Date(run.created);
  const when = element(
    "div",
    { className: "run-when" },
    element("time", { datetime: run.created, content: ago(created) }),
    ["", whenOf(run), text("by {user}", { user: run.user })].join(" · "),
  );
  const figures = numbers(run).map(([name, value, className = ""]) =>
    element("div", { className }, element("dt", { content: name }), element("dd", { content: value })),
  );
  const made = element("li", { className: "panel run", "data-run": run.id, tabindex: -1 }, head);
  if (figures.length) made.append(element("dl", { className: "run-numbers" }, ...figures));
  made.append(element("p", { className: "run-options" }, ...wording(run)), when);
  for (const part of [unfinished(run) ? bar(run) : null, why(run), actions(run)]) if (part) made.append(part);
  return made;
}
