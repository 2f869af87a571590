// What was found in a file: what stands in the way first, each with its remedy at a press.

import { byId, counted, element, text } from "../../text.js";
import { ROLES } from "../../words.js";
import { LEVELS, ORDERS, SHAPES } from "./words.js";

const LOOK = { obstacle: "serious", repaired: "warning", info: "note" };

// The remedy of a finding as options; null where there is none that can be pressed.
export function remedies(option) {
  // A column's name may hold " | " itself.
  return option.split(/ \| (?=--)/).flatMap((one) => {
    const order = /^--((?:day|month|year)-first)$/.exec(one)?.[1];
    if (order) return [{ label: ORDERS[order], said: { date_order: order } }];
    const shape = /^--shape ([a-z-]+)$/.exec(one)?.[1];
    if (shape) return [{ label: SHAPES[shape] ?? shape, said: { shape } }];
    const time = /^--time "(.+)"$/.exec(one)?.[1];
    if (time) return [{ label: text("Use {column} as the clock", { column: time }), said: { time: [time] } }];
    const [, column, role] = /^--role "(.+)=([a-z]+)"$/.exec(one) ?? [];
    if (column) return [{ label: text("Set {column} as {role}", { column, role: ROLES[role] }), role: [column, role] }];
    if (one === "--keep-values") return [{ label: text("They are measurements"), said: { keep_values: true } }];
    return [];
  });
}

function line(finding, change) {
  const words = element("div", { className: "text" }, element("div", { content: finding.sentence }));
  if (finding.remedy) words.append(element("div", { className: "hint", content: finding.remedy }));
  const actions = element("div", { className: "actions" });
  for (const { label, said, role } of remedies(finding.option ?? "")) {
    const button = element("button", { type: "button", className: "btn btn-sm btn-primary fix", content: label });
    button.addEventListener("click", () => change(said ?? { role }, 0));
    actions.append(button);
  }
  const level = element("span", {
    className: `severity severity-${LOOK[finding.level]}`,
    content: LEVELS[finding.level],
  });
  return element("li", { "data-code": finding.code, "data-level": finding.level }, level, words, actions);
}

export function drawFindings(findings, change) {
  const first = findings.filter(({ level }) => level === "obstacle");
  const others = findings.filter(({ level }) => level !== "obstacle");
  byId("import-findings").replaceChildren(...first.map((one) => line(one, change)));
  byId("import-notes").replaceChildren(...others.map((one) => line(one, change)));
  byId("import-notes-box").hidden = !others.length;
  byId("import-notes-title").textContent = counted(
    "{count} thing that was found or repaired",
    "{count} things that were found or repaired",
    others.length,
  );
}
