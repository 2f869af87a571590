// The demo as a live source: a monitor learns from it once, watches, and the rows are played.
import { ask, clearProblem, Problem, showProblem } from "../api.js";
import { byId, text } from "../text.js";

const NAME = "demo-live";
const SPEED = 60;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (sentence) => {
  byId("play-state").textContent = sentence;
};

async function learnt() {
  try {
    return (await ask(`/monitors/${NAME}`)).in_use !== null;
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return false;
    throw problem;
  }
}

async function learn() {
  say(text("A monitor learns from the demo data ..."));
  let job = await ask("/monitors", { method: "POST", body: { name: NAME, detector: "statistical" } });
  while (["queued", "running"].includes(job.state)) {
    await pause(500);
    job = await ask(`/runs/${job.id}`);
  }
  if (job.state !== "done") throw new Problem(job.error ?? { message: text("The monitor could not learn.") });
}

/** Learn where that was not done before, then play. */
export async function playDemo() {
  clearProblem();
  byId("play-demo").disabled = true;
  try {
    if (!(await learnt())) await learn();
    await ask("/live/replays", {
      method: "POST",
      body: { dataset: "demo", source: "demo", speed: SPEED, monitor: NAME },
    });
    say(text("The demo plays, {speed} times as fast as it was recorded. Alarms come in a moment.", { speed: SPEED }));
  } catch (problem) {
    say("");
    showProblem(problem);
  } finally {
    byId("play-demo").disabled = false;
  }
}
