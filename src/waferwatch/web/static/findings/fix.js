// The remedy of a finding at a press: its columns are given the roles with which it would no longer be found.
import { ask, Problem } from "../api.js";
import { element, text, whole } from "../text.js";
import { ROLES } from "../words.js";

function label(fix) {
  const columns = Object.keys(fix);
  const role = ROLES[fix[columns[0]]];
  return columns.length === 1
    ? text("Set {column} as {role}", { column: columns[0], role })
    : text("Set {count} columns as {role}", { count: whole(columns.length), role });
}

// done: called with the data set as it then is; failed: with the problem. Null for a finding without a remedy.
export function fixButton(dataset, { fix }, done, failed) {
  if (dataset.builtin || !Object.keys(fix).length) return null;
  const button = element("button", { type: "button", className: "btn btn-sm btn-primary fix", content: label(fix) });
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      done(await ask(`/datasets/${encodeURIComponent(dataset.id)}`, { method: "PATCH", body: { roles: fix } }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      failed(problem);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
