// Remedies of a finding, as they come from the server in one text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./page.js";

open("en");
const { remedies } = await import("../../src/waferwatch/web/static/data/reading/findings.js");

test("a column whose name holds the sign between two remedies stays one", () => {
  const found = remedies('--time "start | end" | --role "A&B #1 | 50%=sensor"');
  assert.deepEqual(found[0].said, { time: ["start | end"] });
  assert.deepEqual(found[1].role, ["A&B #1 | 50%", "sensor"]);
});
