// The page of one problem: the engineer's verdict, and the keys that lead on.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { byId, text, time } from "../text.js";
import { VERDICTS } from "../words.js";

const name = /** @type {HTMLElement} */ (document.querySelector(".problems")).dataset.problem;
const form = byId("verdict");
const buttons = [...form.querySelectorAll("button[name=verdict]")];

function show({ verdict, note, by, at }) {
  for (const button of buttons) if (button.value) button.setAttribute("aria-pressed", String(button.value === verdict));
  byId("undo").disabled = verdict === null;
  if (verdict === null) byId("note").value = note;
  byId("said").textContent =
    verdict === null ? text("Nobody has said yet what it was.") : `${VERDICTS[verdict]} · ${by} · ${time(at)} UTC`;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblem();
  const verdict = event.submitter?.value || null;
  try {
    show(await ask(`/problems/${name}/verdict`, { method: "PUT", body: { verdict, note: byId("note").value } }));
    announce(verdict ? text("The verdict is kept.") : text("The verdict was taken back."));
  } catch (problem) {
    showProblem(problem);
  }
});

byId("print").addEventListener("click", () => print());
