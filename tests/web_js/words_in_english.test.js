import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./page.js";

open("en");
const words = await import("../../src/waferwatch/web/static/text.js");
const { age, bytes, place } = await import("../../src/waferwatch/web/static/data/measures.js");

test("places of a sentence are filled, and one without a value stays", () => {
  assert.equal(words.text("{count} rows of {all}", { count: 3, all: 0 }), "3 rows of 0");
  assert.equal(words.text("{count} rows of {all}", { all: "{count}" }), "{count} rows of {count}");
});

test("one thing has a sentence of its own", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => words.counted("{count} is found", "{count} are found", count)),
    ["0 are found", "1 is found", "2 are found"],
  );
});

test("numbers have separators, and as many digits as are asked for", () => {
  assert.equal(words.whole(1234567.8), "1,234,568");
  assert.equal(words.percent(0.12345), "12.3%");
  assert.equal(words.percent(0.5, 0), "50%");
  assert.equal(words.decimals(3), "3.00");
  assert.equal(words.significant(0.00012345), "0.000123");
});

test("a number that is not there is a dash", () => {
  assert.deepEqual([words.decimals(null), words.significant(null)], ["–", "–"]);
});

const DURATIONS = new Map([
  [0, "0s"],
  [0.25, "0.25s"],
  [9.999, "10s"],
  [59.4, "59s"],
  [59.6, "1m"],
  [60, "1m"],
  [250, "4m 10s"],
  [3599.7, "1h"],
  [3600, "1h"],
  [3605, "1h"],
  [86_399.9, "1d"],
  [97_200, "1d 3h"],
  [604_800, "7d"],
]);
for (const [value, sentence] of DURATIONS) {
  test(`${value} seconds are ${sentence}`, () => assert.equal(words.duration(value), sentence));
}

test("short times keep their seconds", () => {
  assert.deepEqual([0.123, 5.5, 119.94, 120].map(words.seconds), ["0.12s", "5.5s", "119.9s", "2m"]);
});

test("times are shown as they stand in the file", () => {
  assert.equal(words.time("2026-01-05T23:59:01"), "Jan 5, 2026, 23:59:01");
  assert.equal(words.time("2026-01-05T23:59:01Z"), "Jan 5, 2026, 23:59:01");
});

test("what is a time, and what only looks like one", () => {
  assert.deepEqual(["2026-01-05", "2026-01-05T08:00", "5", "", 20260105, null].map(words.isTime), [
    ...[true, true],
    ...[false, false, false, false],
  ]);
});

test("seconds between two moments do not depend on how they are written", () => {
  assert.equal(words.secondsBetween("2026-01-05T08:00:00", "2026-01-05T08:01:30"), 90);
  assert.equal(words.secondsBetween("2026-01-05T08:00:00Z", "2026-01-05T17:00:00.500+09:00"), 0.5);
});

const SIZES = new Map([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1000, "1 kB"],
  [1550, "1.6 kB"],
  [123_456, "123 kB"],
  [999_600, "1 MB"],
  [5_000_000_000_000, "5,000 GB"],
]);
for (const [value, sentence] of SIZES) {
  test(`${value} bytes are ${sentence}`, () => assert.equal(bytes(value), sentence));
}

test("ages are in the largest unit that fits, and never in the future", () => {
  const ago = (seconds) => age(new Date(Date.now() - seconds * 1000 - 500).toISOString());
  assert.deepEqual([0, 60, 7200, 86_400, 8 * 86_400, 400 * 86_400].map(ago), [
    "now",
    "1 minute ago",
    "2 hours ago",
    "yesterday",
    "last week",
    "last year",
  ]);
  assert.equal(ago(-1000), "now");
});

test("a place in a table is a time or a number", () => {
  assert.deepEqual([null, 12.3456789, "2026-01-05T08:00:00"].map(place), ["–", "12.345679", "Jan 5, 2026, 08:00:00"]);
});
