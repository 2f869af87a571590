// A run from the wish to its end: started, followed with its progress, cancelled.
import { ask, Problem } from "./api.js";
import { byId, duration, percent, text } from "./text.js";

const UNFINISHED = ["queued", "running"];
const box = byId("run-progress");
/** @type {any} */
let followed = null; // id of the run whose progress is shown
/** @type {any} */
let ending = null; // id of the run that is to be cancelled: it ends at its next step, which can take seconds
/** @type {{ at: number, progress: number } | null} */
let seen = null; // when it was first seen running, and how far it was
const LEAST = 0.03; // of the work: from less nobody can say how long the rest takes
const MOST_SILENT = 60; // looks in a row without an answer: a computer wakes up, or the server starts again

export const unfinished = (run) => UNFINISHED.includes(run.state);

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const start = (body) => ask("/runs", { method: "POST", body });

export const cancel = (id) => ask(`/runs/${encodeURIComponent(id)}/cancel`, { method: "POST" });

// Shows the progress until the run has ended. Gives null when another run is followed meanwhile.
export async function follow(run) {
  followed = run.id;
  seen = null;
  let now = run;
  let silent = 0;
  for (let wait = 150; unfinished(now); wait = Math.min(1000, wait * 1.3)) {
    if (!silent) show(now);
    await pause(document.hidden ? 2000 : wait);
    if (followed !== run.id) return null;
    try {
      now = await ask(`/runs/${encodeURIComponent(run.id)}`);
      silent = 0;
    } catch (problem) {
      if (problem.status !== 0 || ++silent > MOST_SILENT) throw problem;
      byId("run-state").textContent = problem.message;
    }
    if (followed !== run.id) return null;
  }
  leave();
  if (now.state !== "done") throw new Problem(now.error ?? { message: text("The server ended before this run did.") });
  return now;
}

// Look no longer; the run itself goes on.
export function leave() {
  followed = null;
  box.hidden = true;
}

function show(run) {
  if (box.hidden) {
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" }); // it may have been asked for far below, among the settings
  }
  const waiting = run.state === "queued";
  const place = text("Waiting; place in the queue: {place}", { place: run.place ?? 1 });
  const going = waiting ? place : text("Running");
  byId("run-state").textContent = ending === run.id ? text("Cancelling …") : going;
  byId("run-cancel").disabled = ending === run.id;
  byId("run-share").textContent = waiting ? "" : [percent(run.progress, 0), left(run)].filter(Boolean).join(" · ");
  const bar = box.querySelector(".progress");
  bar.setAttribute("aria-valuenow", Math.round(run.progress * 100));
  bar.firstElementChild.style.width = `${Math.max(2, run.progress * 100)}%`;
}

// How long the rest takes at the present pace; empty while that is not known.
function left(run) {
  seen ??= { at: Date.now(), progress: run.progress };
  const done = run.progress - seen.progress;
  if (done < LEAST || run.progress >= 1) return "";
  const seconds = (((Date.now() - seen.at) / 1000) * (1 - run.progress)) / done;
  return text("about {time} left", { time: duration(Math.max(1, Math.round(seconds))) });
}

byId("run-cancel").addEventListener("click", async () => {
  if (!followed) return;
  ending = followed;
  byId("run-state").textContent = text("Cancelling …");
  byId("run-cancel").disabled = true;
  await cancel(followed).catch(() => {
    ending = null; // what became of it is seen at the next look
  });
});
