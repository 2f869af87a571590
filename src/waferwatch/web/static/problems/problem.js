// The page of one problem: the engineer's verdict, and the keys that lead on.
import { announce, ask, clearProblem, showProblem } from "../api.js";
import { draftOf, dropDraft, keepDraft } from "../draft.js";
import { byId, text, time } from "../text.js";
import { VERDICTS } from "../words.js";
import * as acts from "./acts.js";

const name = /** @type {HTMLElement} */ (document.querySelector(".problems")).dataset.problem;
const form = byId("verdict");
const box = /** @type {HTMLElement} */ (document.querySelector("[data-acts]"));
const run = new URLSearchParams(/** @type {any} */ (byId("all")).search).get("run");
const buttons = [...form.querySelectorAll("button[name=verdict]")];

function show(answer) {
  const { verdict, note, by, at } = answer;
  acts.show(box, answer);
  byId("state-text").textContent = answer.state_text;
  for (const button of buttons) if (button.value) button.setAttribute("aria-pressed", String(button.value === verdict));
  byId("undo").disabled = verdict === null;
  if (verdict === null) byId("note").value = note;
  byId("said").textContent =
    verdict === null ? text("Nobody has said yet what it was.") : `${VERDICTS[verdict]} · ${by} · ${time(at)} UTC`;
}

byId("note").value = draftOf(name ?? "", byId("note").value);
keepDraft(byId("note"), () => name ?? "");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblem();
  const verdict = event.submitter?.value || null;
  try {
    show(await ask(`/problems/${name}/verdict`, { method: "PUT", body: { verdict, note: byId("note").value } }));
    dropDraft(name ?? "");
    announce(verdict ? text("The verdict is kept.") : text("The verdict was taken back."));
  } catch (problem) {
    showProblem(problem);
  }
});

acts.follow((_box, answer) => {
  byId("state-text").textContent = answer.state_text;
});

// Merging and splitting change what the page shows, so it is loaded again.
async function group(path, body, lead) {
  clearProblem();
  try {
    const answer = await ask(path, { method: "POST", body });
    location.assign(`/problems/${lead(answer)}?${new URLSearchParams({ run: run ?? "" })}`);
  } catch (problem) {
    showProblem(problem);
  }
}

const mergeInto = (into) => group(`/problems/${name}/merge`, { into }, (answer) => answer.merged_into);

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-group]"))) {
  button.addEventListener("click", () => {
    if (button.dataset.group === "merge") mergeInto(button.dataset.into);
    else group(`/problems/${button.dataset.name}/separate`, {}, () => name);
  });
}
byId("merge")?.addEventListener("submit", (event) => {
  event.preventDefault();
  mergeInto(byId("merge-into").value);
});
byId("split")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const wafers = [...event.target.querySelectorAll(":checked")].map((one) => Number(one.value));
  group(`/problems/${name}/split`, { run, wafers }, (answer) => answer.name);
});

byId("print").addEventListener("click", () => print());
