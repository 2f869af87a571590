import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { open } from "./page.js";

open("en", { no_server: "The server does not answer.", no_server_hint: "Try again." });
const { ask, Problem, queryOf } = await import("../../src/waferwatch/web/static/api.js");

const ERROR = { message: "No such run.", hint: "Choose another.", request_id: "r-1" };
let received = { body: "" };
const server = createServer(async (request, answer) => {
  received = { method: request.method, type: request.headers["content-type"], body: "" };
  for await (const part of request) received.body += part;
  if (request.url === "/nothing") answer.writeHead(204).end();
  else if (request.url === "/refused") answer.writeHead(404).end(JSON.stringify({ error: ERROR }));
  else if (request.url === "/page") answer.writeHead(502).end("<html>");
  else if (request.url === "/late") return;
  else answer.end(JSON.stringify({ rows: 3 }));
});
let home = "";

before(async () => {
  await new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(null)));
  home = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test("an answer is its JSON, and nothing is null", async () => {
  assert.deepEqual(await ask(`${home}/rows`), { rows: 3 });
  assert.equal(await ask(`${home}/nothing`, { method: "DELETE" }), null);
});

test("a body is sent as JSON", async () => {
  await ask(`${home}/rows`, { method: "POST", body: { threshold: 3 } });
  assert.deepEqual(received, { method: "POST", type: "application/json", body: '{"threshold":3}' });
});

test("a refusal is a problem with sentence, remedy, request id and status", async () => {
  await assert.rejects(ask(`${home}/refused`), (problem) => {
    assert.ok(problem instanceof Problem);
    assert.deepEqual(
      [problem.message, problem.hint, problem.requestId, problem.status],
      [ERROR.message, ERROR.hint, ERROR.request_id, 404],
    );
    return true;
  });
});

for (const address of ["http://127.0.0.1:9/", "/page"]) {
  test(`what is no answer of the server is called so: ${address}`, async () => {
    const path = address.startsWith("/") ? home + address : address;
    await assert.rejects(ask(path), { message: "The server does not answer.", hint: "Try again.", status: 0 });
  });
}

test("a request that is called off stays an abort", async () => {
  const stop = new AbortController();
  const asked = ask(`${home}/late`, { signal: stop.signal });
  stop.abort();
  await assert.rejects(asked, { name: "AbortError" });
});

test("a query leaves out what is not there, and keeps what is empty, zero or false", () => {
  const query = queryOf({ run: "a b&c", start: 0, end: null, sensor: undefined, value: "", flagged: false });
  assert.equal(query.toString(), "run=a+b%26c&start=0&value=&flagged=false");
});
