// The Watch page: does any chamber need me now?
import { ask, Problem, queryOf } from "../api.js";
import { byId, counted, localTime, text, whole } from "../text.js";
import * as alarms from "./alarms.js";
import { showChannels } from "./channels.js";
import { playDemo } from "./demo.js";
import { followFields, knownNames, query, showFleet } from "./fleet.js";
import { showSources } from "./sources.js";
import { follow } from "./stream.js";
import { markChosen } from "./tiles.js";
import * as trace from "./trace.js";
import { showUnread } from "./unread.js";
import { followWall } from "./wall.js";

const SHOWN_MS = 2000;
const LARGE_MS = 5000; // a fleet of thousands
const LARGE = 500;
const HIDDEN_MS = 30_000;
const SOURCES_MS = 10_000;
const RELOAD_MS = 5000; // after alarms could not be read
let looks = 0;
/** @type {number | undefined} */
let waits;
/** @type {number | undefined} */
let reloads;
/** @type {any} */
let chambers = { groups: [], total: 0, counts: {}, waiting: 0, today: { alarms: 0, false: 0 } };

function sentence() {
  const need = alarms.needing();
  byId("watch-start").hidden = chambers.total > 0;
  if (need.length) {
    const count = counted("{count} alarm needs you.", "{count} alarms need you.", need.length);
    const worst = text("Worst: {title}", { title: need[0].title });
    byId("watch-title").textContent = `${count} ${worst}`;
  } else if (chambers.total === 0) {
    byId("watch-title").textContent = text("Nothing is connected.");
  } else {
    byId("watch-title").textContent = text("No alarm needs you.");
  }
  showUnread(need.length);
  document.title = (need.length ? `(${need.length}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

function counts() {
  const { watched = 0, learning = 0, maintenance = 0, silent = 0, no_monitor: none = 0 } = chambers.counts;
  const failing =
    (chambers.counts.cannot_score ?? 0) + (chambers.counts.unknown ?? 0) + (chambers.counts.no_early ?? 0);
  const parts = [
    text("watched {count}", { count: whole(watched) }),
    learning ? text("learning {count}", { count: whole(learning) }) : "",
    maintenance ? text("in PM {count}", { count: whole(maintenance) }) : "",
    silent ? text("no data {count}", { count: whole(silent) }) : "",
    failing ? text("cannot be scored {count}", { count: whole(failing) }) : "",
    none ? text("without a monitor {count}", { count: whole(none) }) : "",
    text("alarms in 24 h: {count}, false: {false}", {
      count: whole(chambers.today.alarms),
      false: whole(chambers.today.false),
    }),
    chambers.waiting > 1000 ? text("rows that wait to be scored: {count}", { count: whole(chambers.waiting) }) : "",
  ];
  byId("watch-counts").textContent = chambers.total ? parts.filter(Boolean).join(" · ") : "";
}

function lost(since) {
  const words = { time: localTime(since) };
  byId("lost").textContent = text("No connection since {time}; what you see is from then.", words);
  byId("lost").hidden = false;
}

// The trace of a chamber, first of the sensor that leads its worst alarm.
async function show(chamber) {
  const same = ({ source, equipment }) => source === chamber.source && equipment === chamber.equipment;
  markChosen(chamber);
  await trace.choose(chamber, alarms.needing().find(same)?.sensor ?? null);
}

// Nothing else asks when the connection is lost: the strip says so, and the stream heals by itself.
async function look() {
  clearTimeout(waits);
  const mine = ++looks;
  try {
    const found = await ask(`/watch/chambers?${queryOf({ ...query(), known: knownNames() })}`);
    if (mine !== looks) return;
    chambers = found;
    showFleet(chambers, show);
    alarms.showUnconfirmed(chambers.unconfirmed);
    const first = chambers.groups[0]?.chambers[0];
    if (!trace.isChosen() && first) await show(first);
    else await trace.update();
    sentence();
    counts();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 503) byId("watch-title").textContent = `${problem.message} ${problem.hint}`;
  } finally {
    // Unless something else has been asked for meanwhile; a wall goes on whatever one look has met.
    if (mine === looks)
      waits = setTimeout(look, document.hidden ? HIDDEN_MS : chambers.total > LARGE ? LARGE_MS : SHOWN_MS);
  }
}

async function lookAtSources() {
  try {
    if (!document.hidden) await showSources();
  } finally {
    setTimeout(lookAtSources, SOURCES_MS);
  }
}

// What was missed is asked for until it is there: no event brings it again.
async function reload() {
  try {
    await alarms.reload();
    byId("lost").hidden = true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    clearTimeout(reloads);
    reloads = setTimeout(reload, RELOAD_MS);
  }
}

alarms.onChange(sentence);
alarms.onOpen(async (alarm) => {
  markChosen(alarm);
  await trace.choose(alarm, alarm.sensor);
  byId("trace").scrollIntoView({ block: "nearest" });
});
follow({
  change: (news) => alarms.put(news.alarm),
  reload,
  lost,
});
byId("play-demo").addEventListener("click", playDemo);
showChannels().catch(() => {});
followFields(look);
followWall();
look();
lookAtSources();
