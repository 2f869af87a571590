// The points of a trend as a table, fifty at a time, and as files.
import { queryOf } from "../api.js";
import { byId, element, isTime, significant, text, whole } from "../text.js";

const PAGE = 50;
/** @type {any[]} */
let rows = [];
let shown = 0;

export function show(answer, run, query) {
  rows = answer.figure.data
    .filter((trace) => trace.name !== undefined)
    .flatMap((trace, panel) =>
      trace.x.flatMap((x, at) =>
        x === null
          ? []
          : {
              equipment: answer.panels[panel].equipment,
              wafer: trace.text[at].replace(/<br>.*/, "").replace(/<[^>]*>/g, ""),
              number: trace.customdata[at],
              x,
              value: trace.y[at],
              limits: answer.panels[panel],
            },
      ),
    );
  shown = 0;
  const heads = [text("Chamber"), text("Wafer"), text("Start"), text("Value"), text("Limits")];
  const titles = heads.map((content) => element("th", { scope: "col", content }));
  byId("points").replaceChildren(element("thead", {}, element("tr", {}, ...titles)), element("tbody"));
  more();
  byId("files").replaceChildren(...["csv", "xlsx"].map((format) => file(run, query, format)));
}

function more() {
  const next = rows.slice(shown, shown + PAGE);
  byId("points").tBodies[0].append(...next.map(line));
  shown += next.length;
  byId("more-points").hidden = shown >= rows.length;
  byId("more-points").textContent = text("Next {count} of {all}", {
    count: whole(Math.min(PAGE, rows.length - shown)),
    all: whole(rows.length),
  });
}

function line({ equipment, wafer, number, x, value, limits }) {
  const off = (limits.lower !== null && value < limits.lower) || (limits.upper !== null && value > limits.upper);
  const sides = [limits.lower, limits.upper].map((side) => (side === null ? "–" : significant(side, 4)));
  return element(
    "tr",
    {},
    element("td", { content: equipment }),
    element("td", { content: `${wafer || "–"} (${whole(number)})` }),
    element("td", { content: isTime(x) ? x.replace("T", " ") : String(x) }),
    element("td", {
      className: off ? "number beyond" : "number",
      content: `${off ? "▲ " : ""}${significant(value, 4)}`,
    }),
    element("td", { className: "number", content: sides.join(" – ") }),
  );
}

function file(run, query, format) {
  const wanted = new URLSearchParams(queryOf({ ...query, start: null, end: null, format }));
  return element("a", {
    className: "btn btn-sm btn-outline-secondary",
    href: `/runs/${encodeURIComponent(run)}/trends/export?${wanted}`,
    download: "",
    content: { csv: text("This trend as CSV"), xlsx: text("This trend as Excel") }[format],
  });
}

byId("more-points").addEventListener("click", more);
