// Paper: what it shows and when it was printed stand above it, since the bar that says so on the screen is left out.
import { byId, locale, text } from "./text.js";

const clock = new Intl.DateTimeFormat(locale, {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

addEventListener("beforeprint", () => {
  const chosen = /** @type {any} */ (document.querySelector("#scope-dataset, #dataset"));
  const user = document.querySelector(".user")?.textContent ?? "";
  const printed = text("printed {time}", { time: clock.format(new Date()) });
  const about = [document.title, chosen?.selectedOptions[0]?.text, printed, user];
  byId("paper-head").textContent = about.filter(Boolean).join(" · ");
});
