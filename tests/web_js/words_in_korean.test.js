import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./page.js";

open("ko", { found: "{count}개", found_one: "one" });
const words = await import("../../src/waferwatch/web/static/text.js");

test("Korean has one form for any number of things", () => {
  assert.deepEqual(
    [1, 2].map((count) => words.counted("found", count)),
    ["1개", "2개"],
  );
});

test("numbers, times and durations are written as in Korea", () => {
  assert.equal(words.whole(1234567), "1,234,567");
  assert.equal(words.time("2026-01-05T23:59:01"), "2026. 1. 5. 23:59:01");
  assert.equal(words.duration(97_200), "1일 3시간");
});
