// The page of a problem that is counted to another one: the way back.
import { ask, clearProblem, showProblem } from "../api.js";
import { byId } from "../text.js";

const name = /** @type {HTMLElement} */ (document.querySelector(".problems")).dataset.problem;

byId("separate").addEventListener("click", async () => {
  clearProblem();
  try {
    await ask(`/problems/${name}/separate`, { method: "POST", body: {} });
    location.reload();
  } catch (problem) {
    showProblem(problem);
  }
});
