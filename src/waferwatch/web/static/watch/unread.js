// How many alarms nobody has acknowledged, at the entry of the Watch page: on every page, and in step with the lists.
import { ask, Problem } from "../api.js";
import { element, text, whole } from "../text.js";

const PAUSE_MS = 30_000;
const entry = /** @type {HTMLElement | null} */ (document.querySelector(".pages a[data-unread]"));

/** Show how many there are. */
export function showUnread(count) {
  if (!entry || entry.dataset.unread === String(count)) return;
  entry.dataset.unread = String(count);
  for (const old of entry.querySelectorAll("span")) old.remove();
  if (!count) return;
  entry.append(
    element("span", { className: "unread", content: whole(count) }),
    element("span", { className: "visually-hidden", content: ` ${text("alarms not acknowledged")}` }),
  );
}

async function look() {
  if (document.hidden) return;
  try {
    const { counts } = await ask("/alarms?state=active&limit=1");
    showUnread(counts.active);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem; // the server may be away: the next look tries again
  }
}

if (entry) setInterval(look, PAUSE_MS);
