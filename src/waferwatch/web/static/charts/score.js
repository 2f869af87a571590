// The histogram of scores and the threshold on it, moved by dragging the line, by a slider or by a number.
import { ask, showProblem } from "../api.js";
import { byId, counted, percent } from "../text.js";
import { draw, onEvent } from "./chart.js";

const chart = byId("score");
const slider = byId("threshold-slider");
const number = byId("threshold");
const followers = [];
/** @type {any} */
let run = null;
/** @type {any} */
let waiting = null;
/** @type {AbortController | null} */
let asked = null;

export const onMoved = (follower) => followers.push(follower);

export async function show(answer) {
  run = answer.run;
  await put(answer);
}

async function put({ figures, threshold, anomalies, anomaly_ratio: ratio }) {
  const { range } = figures.score.layout.meta ?? { range: null };
  for (const field of [slider, number]) field.disabled = range === null;
  if (range) {
    [slider.min, slider.max] = range;
    slider.step = (range[1] - range[0]) / 1000;
    slider.value = threshold;
    number.value = Number(threshold.toPrecision(5));
  }
  byId("threshold-count").textContent =
    `${counted("{count} row flagged", "{count} rows flagged", anomalies)} (${percent(ratio, 2)})`;
  await draw(chart, figures.score, { edits: { shapePosition: true } });
}

onEvent(chart, "plotly_relayout", (change) => {
  const place = change["shapes[0].x0"];
  if (place !== undefined) move(place, 0);
});

// The latest wish counts: a slider tells many on its way.
function move(value, patience = 150) {
  if (!Number.isFinite(Number(value)) || value === "") return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    asked?.abort();
    asked = new AbortController();
    const mine = run;
    try {
      const body = { threshold: Number(value) };
      const answer = await ask(`/runs/${encodeURIComponent(mine)}/threshold`, {
        method: "POST",
        body,
        signal: asked.signal,
      });
      if (mine !== run) return;
      await put(answer);
      for (const follower of followers) await follower(answer);
    } catch (problem) {
      showProblem(problem);
    }
  }, patience);
}

slider.addEventListener("input", () => {
  number.value = Number(Number(slider.value).toPrecision(5));
  move(slider.value);
});
number.addEventListener("change", () => move(number.value, 0));
