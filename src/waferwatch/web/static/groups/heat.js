// Two group columns against each other: a table whose cells are coloured, so that it can be read aloud and walked by keys.
import { enter, unfolds, walkable } from "../charts/grid.js";
import { byId, decimals, element, percent, text, whole } from "../text.js";

const heat = byId("heat");
const MOST_PLACES = 10;
unfolds(byId("heat-open"));

/** @type {(first: string | null, second: string | null, flagged: boolean) => void} */
let opened = () => {}; // called when a cell is pressed

export const onCell = (follower) => {
  opened = follower;
};

export function show(crossing, first, second) {
  byId("crossing").hidden = !crossing;
  if (!crossing) return;
  const names = (values, others) => [
    ...values.map((value) => value ?? text("(empty)")),
    ...(others ? [text("{count} others", { count: whole(others) })] : []),
  ];
  const [down, across] = [names(crossing.first, crossing.first_others), names(crossing.second, crossing.second_others)];
  const shares = crossing.rows.map((line, at) =>
    line.map((rows, to) => (rows ? crossing.anomalies[at][to] / rows : null)),
  );
  const most = Math.max(...shares.flat().map((share) => share ?? 0)) || 1;
  const head = element(
    "tr",
    {},
    element("th", { content: `${first} ＼ ${second}`, scope: "col" }),
    ...across.map((name) => element("th", { scope: "col", content: name, title: name })),
  );
  const body = down.map((name, at) => {
    const cells = across.map((other, to) => {
      const [rows, anomalies] = [crossing.rows[at][to], crossing.anomalies[at][to]];
      const cell = make(shares[at][to], most, `${name}, ${other}: `, rows, anomalies);
      if (rows && at < crossing.first.length && to < crossing.second.length) {
        cell.dataset.open = "";
        cell.addEventListener("click", () => opened(crossing.first[at], crossing.second[to], anomalies > 0));
      }
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row", content: name, title: name }), ...cells);
  });
  heat.style.setProperty("--columns", String(across.length));
  heat.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
  enter(heat, heat.querySelector("td"));
  byId("heat-places").replaceChildren(...worst(crossing, down, across, shares));
  byId("crossing-note").textContent =
    crossing.first_others || crossing.second_others
      ? text("Shown are the groups with most flagged rows; all others are counted together.")
      : "";
}

// The cells with the highest shares as a list, for a phone.
function worst(crossing, down, across, shares) {
  const cells = crossing.first.flatMap((first, at) =>
    crossing.second.map((second, to) => ({ first, second, at, to, share: shares[at][to] ?? 0 })),
  );
  const found = cells.filter(({ share }) => share > 0).sort((one, other) => other.share - one.share);
  return found.slice(0, MOST_PLACES).map(({ first, second, at, to, share }) => {
    const rows = { flagged: crossing.anomalies[at][to], rows: crossing.rows[at][to] };
    const button = element("button", { type: "button", content: `${down[at]} · ${across[to]}` });
    button.addEventListener("click", () => opened(first, second, true));
    const about = element("div", { className: "form-text", content: sentence(share, rows.rows, rows.flagged) });
    return element("li", {}, element("div", {}, button, about));
  });
}

const sentence = (share, rows, anomalies) =>
  text("{flagged} of {rows} rows flagged ({share})", {
    flagged: whole(anomalies),
    rows: whole(rows),
    share: percent(share, 2),
  });

function make(share, most, place, rows, anomalies) {
  if (share === null)
    return element("td", {
      className: "none",
      tabindex: "-1",
      "aria-label": place + text("no rows"),
      title: place + text("no rows"),
    });
  const about = place + sentence(share, rows, anomalies);
  const cell = element("td", {
    tabindex: "-1",
    title: about,
    "aria-label": about,
    content: share ? decimals(share * 100, share < 0.1 ? 1 : 0) : "0",
  });
  cell.style.setProperty("--share", Math.sqrt(share / most)); // the root: one extreme cell does not pale all others
  return cell;
}

walkable(heat, (cell) => cell.click());
