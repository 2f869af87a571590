// The trace of a wafer over the golden band of its step, opened by a press on its point.
import { announce, ask, queryOf } from "../api.js";
import { draw } from "../charts/chart.js";
import { byId, text } from "../text.js";

/** @type {(change: any) => void} */
let changed = () => {};
/** @type {any} */
let shown = null;
let turn = 0;

export const onChange = (follower) => {
  changed = follower;
};

export async function show(view, found) {
  const mine = ++turn;
  const query = queryOf({ wafer: view.wafer, step: view.step ?? "", sensor: view.sensor, others: view.keep || null });
  const answer = await ask(`/runs/${encodeURIComponent(found.run)}/trends/trace?${query}`);
  if (mine !== turn) return;
  shown = { ...answer, keep: view.keep };
  byId("trace").hidden = false;
  byId("trace-title").textContent = answer.title;
  const problem = answer.problem ? ` · ${text("Problem {number}: {title}", answer.problem)}` : "";
  byId("trace-said").textContent = answer.said + problem;
  byId("wafer-before").disabled = answer.previous === null;
  byId("wafer-after").disabled = answer.next === null;
  byId("keep").setAttribute("aria-pressed", kept().includes(String(answer.wafer)));
  await draw(byId("trace-chart"), answer.figure);
  byId("trace").scrollIntoView({ block: "nearest" });
  announce(answer.said);
}

export function close() {
  turn += 1;
  shown = null;
  byId("trace").hidden = true;
}

const kept = () => (shown?.keep ?? "").split(",").filter(Boolean);

byId("wafer-before").addEventListener("click", () => changed({ wafer: String(shown.previous) }));
byId("wafer-after").addEventListener("click", () => changed({ wafer: String(shown.next) }));
byId("keep").addEventListener("click", () => {
  const own = String(shown.wafer);
  const list = kept().includes(own) ? kept().filter((one) => one !== own) : [...kept(), own].slice(-5);
  changed({ keep: list.join(",") });
});
byId("trace-close").addEventListener("click", () => {
  close();
  changed({ wafer: null });
});
