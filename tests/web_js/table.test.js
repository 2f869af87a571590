import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./page.js";

open("en");
const { compare } = await import("../../src/waferwatch/web/static/table.js");

const sorted = (values, direction = 1) => [...values].sort((one, two) => compare(one, two, direction));

test("numbers sort by size, in both directions", () => {
  assert.deepEqual(sorted([10, 9, -1, 0.5]), [-1, 0.5, 9, 10]);
  assert.deepEqual(sorted([10, 9, -1, 0.5], -1), [10, 9, 0.5, -1]);
});

test("names with numbers sort as people count", () => {
  assert.deepEqual(sorted(["ETCH-10", "ETCH-9", "CVD-1"]), ["CVD-1", "ETCH-9", "ETCH-10"]);
});

test("what is not there comes last in both directions", () => {
  assert.deepEqual(sorted([null, 2, Number.NaN, 1]), [1, 2, null, Number.NaN]);
  assert.deepEqual(sorted([null, 1, Number.NaN, 2], -1), [2, 1, null, Number.NaN]);
});
