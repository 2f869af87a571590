// The page: a detection from the button to the figures.
import { announce, ask, clearProblem, showNotes, showProblem } from "./api.js";
import { draw, resize } from "./chart.js";
import * as data from "./datasets.js";
import { showEvents, showTiles } from "./results.js";
import * as series from "./series.js";
import * as settings from "./settings.js";
import { byId, seconds, text, whole } from "./text.js";

let shown = null; // the data set and the name of the result on the page

function showDataset(dataset) {
  shown = null;
  const sensors = data.sensorsOf(dataset);
  settings.offerSensors(sensors);
  series.offer(sensors);
  for (const id of ["found", "summary"]) byId(id).hidden = true;
  byId("welcome").hidden = false;
  if (sensors.length) series.show({ dataset: dataset.id, sensor: sensors[0] });
}

function busy(on) {
  byId("detect").disabled = on;
  byId("detect-spinner").hidden = !on;
  byId("results").setAttribute("aria-busy", on);
  if (!on) {
    clearInterval(busy.clock);
    byId("detect-text").textContent = text("detect");
    return;
  }
  const began = performance.now();
  const tell = () => {
    byId("detect-text").textContent = text("detecting", { seconds: seconds(Math.floor((performance.now() - began) / 1000)) });
  };
  tell();
  busy.clock = setInterval(tell, 1000);
}

async function detect() {
  clearProblem();
  const dataset = data.chosen();
  let body;
  try {
    body = settings.wishes(dataset);
    busy(true);
    const answer = await ask("/detect", { method: "POST", body });
    if (data.chosen() === dataset) await showAnswer(dataset, body, answer);
  } catch (problem) {
    showProblem(problem);
  } finally {
    busy(false);
  }
}

async function showAnswer(dataset, body, answer) {
  shown = { dataset: dataset.id, run: answer.run };
  byId("welcome").hidden = true;
  byId("found").hidden = false;
  showNotes(answer.notes);
  showTiles(answer);
  const shares = new Map(answer.ranking.map(({ sensor, share }) => [sensor, share]));
  series.offer([...shares.keys()], shares);
  const top = answer.ranking[0].sensor;
  await series.show({ ...shown, sensor: top, figure: answer.figures.time_series });
  showEvents(answer);
  for (const name of ["distribution", "correlation", "score"]) await draw(byId(name), answer.figures[name]);
  announce(text("finished", { events: whole(answer.events_total) }));
}

async function showDistribution(sensor) {
  if (!shown) return;
  const { dataset, run } = shown;
  try {
    await draw(byId("distribution"), await ask(series.address(sensor, { dataset, run, view: "distribution" })));
  } catch (problem) {
    showProblem(problem);
  }
}

byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  detect();
});
for (const tab of document.querySelectorAll("[data-bs-toggle=tab]")) {
  tab.addEventListener("shown.bs.tab", () => {
    for (const chart of document.querySelectorAll(`${tab.dataset.bsTarget} .js-plotly-plot`)) resize(chart);
  });
}
data.onDataset(showDataset);
series.onSensor(showDistribution);
settings.start();
data.start();
