// Where rows come from: how each source stands, and what became of the files of a folder.
import { ask, Problem } from "../api.js";
import { byId, duration, element, text, whole } from "../text.js";

const REPLAYS = {
  running: ({ sent, rows }) => text("played {sent} of {rows} rows", { sent: whole(sent), rows: whole(rows) }),
  done: () => text("played to the end"),
  stopped: () => text("the replay was stopped"),
  failed: () => text("the replay failed"),
};
const age = (seconds) => duration(Math.max(1, Math.round(seconds)));

/** Read and show them. */
export async function showSources() {
  let found;
  try {
    found = await ask("/watch/sources");
  } catch (problem) {
    if (problem instanceof Problem) return; // the strip says that the connection is lost
    throw problem;
  }
  byId("sources-panel").hidden = found.sources.length + found.folders.length === 0;
  byId("sources").replaceChildren(...found.sources.map(sourceItem), ...found.folders.map(folderItem));
}

function sourceItem(source) {
  const away = source.connected === false && source.kind !== "replay";
  const bad = away || source.silent || source.replay?.state === "failed";
  const facts = [
    away ? text("not connected") : "",
    source.connected && source.kind !== "replay" ? text("connected") : "",
    source.reason ?? "",
    source.replay ? REPLAYS[source.replay.state](source.replay) : "",
    source.lag_s === null ? text("no row yet") : lag(source),
    text("chambers: {count}", { count: whole(source.chambers) }),
    text("rows: {count}", { count: whole(source.rows) }),
    source.refused ? text("refused {count}", { count: whole(source.refused) }) : "",
  ];
  return element(
    "li",
    { className: bad ? "source-silent" : "" },
    element("strong", { content: source.name }),
    element("span", { content: facts.filter(Boolean).join(" · ") }),
  );
}

const lag = (source) =>
  source.silent
    ? text("no data for {age}", { age: age(source.lag_s) })
    : text("data {age} old", { age: age(source.lag_s) });

function folderItem(folder) {
  const facts = [
    text("processed {count}", { count: whole(folder.processed) }),
    text("failed {count}", { count: whole(folder.failed) }),
    text("skipped {count}", { count: whole(folder.skipped) }),
    text("last file {age} ago", { age: age(Date.now() / 1000 - folder.last) }),
  ];
  const item = element(
    "li",
    { className: folder.failed ? "source-silent" : "" },
    element("strong", { content: folder.folder }),
    element("span", { content: facts.join(" · ") }),
  );
  if (folder.failures.length) {
    const lines = folder.failures.map(({ file, reason }) => element("li", { content: `${file}: ${reason}` }));
    item.append(element("ul", { className: "source-failures" }, ...lines));
  }
  return item;
}
