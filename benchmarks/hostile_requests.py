"""Hostile requests and what each is answered: makes docs/hostile-requests.md.

    python benchmarks/hostile_requests.py

Server processes of its own on loopback with small limits: one without a token, one with, one that may open 1,024 files.
Every case says what it expects; the page shows what came: status and sentence, the most memory that the server held
meanwhile, and the longest that /healthz took. The last line of stdout is one JSON document; it exits with 1 when an
answer was not as expected, was a 5xx other than 503, held a traceback, or did not come within 60 seconds. With names of
sections ("Sessions") only these are sent, and the page stays as it is.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent))
import hostile_attacks
import hostile_connections
import hostile_files
from hostile_files import SCRIPT
from hostile_server import FORM, QUICK, Answer, Case, Server, Watch

PAGE = Path(__file__).parents[1] / "docs" / "hostile-requests.md"
TOKEN = "a-token-of-this-benchmark"  # 25 characters
FORMULA = "=cmd|' /C calc'!A0"
LIMITS = {
    "WAFERWATCH_MAX_UPLOAD_MB": "4",
    "WAFERWATCH_MAX_ROWS": "50000",
    "WAFERWATCH_MAX_COLUMNS": "1000",
    "WAFERWATCH_MAX_WAITING_RUNS": "10",
    "WAFERWATCH_POSTS_PER_MINUTE": "0",
}
HEAD = """# Hostile requests

What the server answers to requests that are meant to harm, or come from a broken program. Its limits were set low for
this: uploads of 4 MB, 50,000 rows, 1,000 columns, 10 waiting runs. Refused JSON answers also carry a code, the field
and a request id. The memory is the most that the server held at once while a case was on, its own code, the network
and what earlier cases left in its caches included; the last column is the longest that /healthz took meanwhile. Made
by `python benchmarks/hostile_requests.py`."""


def bodies(server: Server) -> Iterator[Case]:
    """JSON that is none, or not what was asked for."""
    many = {"detector": QUICK, "features": ["pressure_mTorr"] * 9_999}
    sent: list[tuple[str, Any, str]] = [
        ("no JSON at all", "{", "4"),
        ("an empty body", "", "4"),
        ("JSON in UTF-16", '{"detector": "squared_difference"}'.encode("utf-16"), "4"),
        ("JSON with broken UTF-8", b'{"detector": "\xff\xfe"}', "4"),
        ("100,000 nested lists", "[" * 100_000, "4"),
        ("100,000 nested objects in a field", '{"filters": ' + '{"a":' * 100_000, "4"),
        ("a list instead of an object", [], "4"),
        ("a duplicate key: the last one counts", f'{{"detector": "none", "detector": "{QUICK}"}}', "2"),
        ("an unknown field", {"detector": QUICK, "admin": True}, "4"),
        ("__proto__ as a field", '{"__proto__": {"a": 1}}', "4"),
        ("a number as detector", {"detector": 7}, "4"),
        ("an object as detector", {"detector": {"$ne": None}}, "4"),
        ("a detector with SQL in its name", {"detector": "' OR 1=1; DROP TABLE runs; --"}, "4"),
        ("a detector with a template in its name", {"detector": "{{7*7}}${7*7}{0.__class__}"}, "4"),
        ("a checkpoint that is a path", {"checkpoint": "../../../etc/passwd"}, "4"),
        ("a data set that is a path", {"detector": QUICK, "dataset": "../../etc/passwd"}, "4"),
        ("a data set with a NUL byte", {"detector": QUICK, "dataset": "demo\0.csv"}, "4"),
        ("half a surrogate pair as data set", '{"detector": "squared_difference", "dataset": "\\ud800"}', "4"),
        ("contamination NaN", '{"contamination": NaN}', "4"),
        ("contamination 1e999", '{"contamination": 1e999}', "4"),
        ("contamination as text", {"contamination": "0.05"}, "4"),
        ("contamination true", {"contamination": True}, "4"),
        ("a share too small to flag a row", {"detector": QUICK, "contamination": 5e-324}, "2"),
        ("reference rows of 10^30", {"reference_rows": 10**30}, "4"),
        ("a number of 100,000 digits", '{"reference_rows": ' + "9" * 100_000 + "}", "4"),
        ("reference rows beyond the table", {"detector": QUICK, "reference_rows": 2**31}, "2"),
        ("a period from year 99999", {"detector": QUICK, "reference_start": "99999-01-01"}, "4"),
        ("a period that ends before it starts", {"reference_start": "2026-06-01", "reference_end": "2026-01-01"}, "4"),
        ("9,999 times the same sensor", many, "2"),
        ("10,001 sensors", {"features": ["pressure_mTorr"] * 10_001}, "4"),
        ("a filter by 9,999 unknown values", {"filters": {"lot": [f"x{n}" for n in range(9_999)]}}, "4"),
        ("a body of 5 MB", b" " * 5_000_000, "4"),
    ]
    for what, body, allowed in sent:
        yield what, allowed, lambda body=body: server.json("/detect", body)
    yield "a form instead of JSON", "4", lambda: server.ask("POST", "/detect", data={"detector": QUICK})


def addresses(server: Server, run: str) -> Iterator[Case]:
    """Ids, numbers and methods that do not exist."""
    asked: list[tuple[str, str, str]] = [
        ("a path out of the static files", "GET", "/static/app/0/../../../../etc/passwd"),
        ("an encoded path out of the static files", "GET", "/static/app/0/%2e%2e%2f%2e%2e%2fserver.py"),
        ("an encoded path as data set", "GET", "/datasets/..%2f..%2fetc%2fpasswd"),
        ("a NUL byte as data set", "GET", "/datasets/%00"),
        ("broken UTF-8 as data set", "GET", "/datasets/%ff%fe"),
        ("a path as run", "GET", "/runs/..%2f..%2fetc/result"),
        ("an unknown run", "GET", "/runs/0123456789abcdef/result"),
        ("an unknown event", "GET", f"/runs/{run}/events/999999"),
        ("an event below zero", "GET", f"/runs/{run}/events/-1"),
        ("an event of 5,000 digits", "GET", f"/runs/{run}/events/{'9' * 5000}"),
        ("an event in Arabic digits", "GET", f"/runs/{run}/events/%D9%A1"),
        ("a million points", "GET", "/plot/pressure_mTorr?points=1000000"),
        ("a place that is no time", "GET", "/plot/pressure_mTorr?start=NaT"),
        ("script as a sensor", "GET", f"/plot/{SCRIPT}"),
        ("an unknown parameter", "GET", "/plot/pressure_mTorr?callback=alert"),
        ("rows from beyond any table", "GET", "/datasets/demo/rows?start=99999999999999999999"),
        ("an export as an unknown kind", "GET", f"/runs/{run}/export?format=exe"),
        ("a search with wildcards and quotes", "GET", "/runs?search=%25%27%22%5C_"),
        ("a search of 60,000 letters", "GET", "/runs?search=" + "x" * 60_000),
        ("a page of runs far away", "GET", "/runs?skip=10000001"),
        ("a wrong method", "DELETE", "/detect"),
        ("an unknown method", "BREW", "/"),
        ("TRACE", "TRACE", "/"),
        ("deleting the demo", "DELETE", "/datasets/demo"),
        ("script as language", "GET", "/?lang=" + SCRIPT),
        ("an address that is none", "GET", "/" + "a/" * 5000),
    ]
    for what, method, path in asked:
        allowed = "2" if "lang" in path or "wildcards" in what else "4"
        yield what, allowed, lambda method=method, path=path: server.ask(method, path)


def acts(server: Server, dataset: str, run: str) -> Iterator[Case]:
    """Acts at the wrong time, on the wrong thing, or all at once."""
    verdict, threshold = f"/runs/{run}/events/1/verdict", f"/runs/{run}/threshold"
    for text in ("NaN", "Infinity", "-Infinity", "1e999", '"1"', "null", "true"):
        yield f"threshold {text}", "4", lambda text=text: server.json(threshold, f'{{"threshold": {text}}}')
    yield "threshold -1e308: every row", "2", lambda: server.json(threshold, {"threshold": -1e308})
    yield "threshold 1e308: no row", "2", lambda: server.json(threshold, {"threshold": 1e308})
    yield "a verdict on an event that is gone since", "4", lambda: server.json(verdict, {"verdict": None}, "PUT")
    back = {"threshold": 0.5}
    yield "the threshold back", "2", lambda: server.json(threshold, back)
    yield "a verdict that is none", "4", lambda: server.json(verdict, {"verdict": "maybe"}, "PUT")
    hostile = {"verdict": "true_alarm", "note": SCRIPT + "\0\x1b[31m‮" + FORMULA}
    yield "a note with script, NUL, escape codes and a formula", "24", lambda: server.json(verdict, hostile, "PUT")
    long = {"verdict": "true_alarm", "note": "x" * 2001}
    yield "a note of 2,001 letters", "4", lambda: server.json(verdict, long, "PUT")
    half = '{"verdict": "true_alarm", "note": "\\ud800"}'
    yield "half a surrogate pair in a note", "24", lambda: server.json(verdict, half, "PUT")
    yield "an unknown event's verdict", "4", lambda: server.json(verdict.replace("/1/", "/0/"), hostile, "PUT")
    yield "cancel of a run that is done", "2", lambda: server.ask("POST", f"/runs/{run}/cancel")
    named = f"/datasets/{dataset}"
    for what, name in (("an empty name", " "), ("a name of 1,001 letters", "x" * 1001), ("a NUL as name", "\0")):
        yield what, "4", lambda name=name: server.json(named, {"name": name}, "PATCH")
    yield "script as a name", "2", lambda: server.json(named, {"name": SCRIPT}, "PATCH")
    yield "a role that is none", "4", lambda: server.json(named, {"roles": {"a": "root"}}, "PATCH")
    yield "the role of no column", "4", lambda: server.json(named, {"roles": {SCRIPT: "time"}}, "PATCH")
    yield "every column ignored", "24", lambda: server.json(named, {"roles": {"a": "ignored"}}, "PATCH")
    renames = [lambda n=n: server.json(named, {"name": f"n{n}"}, "PATCH") for n in range(20)]
    yield "20 renames at once", "2", lambda: server.together(renames)
    same = [lambda: server.json("/detect", {"detector": QUICK, "contamination": 0.07}) for _ in range(20)]
    yield "20 times the same question at once", "2", lambda: server.together(same)
    wishes = [{"detector": "isolation_forest", "contamination": 0.001 * n} for n in range(1, 21)]
    yield "20 different runs at once", "24", lambda: queued(server, wishes)
    deletes = [lambda: server.ask("DELETE", named) for _ in range(20)]
    yield "20 deletes of one data set at once", "24", lambda: server.together(deletes)
    yield "a detection on a data set that is deleted", "4", lambda: server.json("/detect", {"dataset": dataset})
    backs = [lambda: server.ask("POST", f"{named}/restore") for _ in range(8)]
    yield "8 restores at once", "24", lambda: server.together(backs)
    gone = [lambda: server.ask("DELETE", f"/runs/{run}") for _ in range(8)]
    yield "8 deletes of one run at once", "24", lambda: server.together(gone)
    yield "the result of a run that is deleted", "4", lambda: server.ask("GET", f"/runs/{run}/result")


def queued(server: Server, wishes: list[dict[str, Any]]) -> Answer:
    """All wishes at once, then every run that waits or runs is cancelled twice."""
    answer = server.together([lambda body=body: server.json("/runs", body) for body in wishes])
    for _ in range(2):
        for run in server.client.get("/runs", params={"limit": 100}).json()["runs"]:
            if run["state"] in ("queued", "running"):
                server.client.post(f"/runs/{run['id']}/cancel").raise_for_status()
    return answer


def exports(server: Server) -> Iterator[Case]:
    """What came with the data goes out as text."""
    table = "time,equipment,a\n" + "".join(f'{n},"{FORMULA}",{9 if n == 50 else n % 3}\n' for n in range(100))
    dataset = server.kept(f"{SCRIPT}.csv", table.encode())
    run = server.run(dataset=dataset)

    def cell(path: str, unsafe: str, safe: str) -> Answer:
        answer = server.ask("GET", path)
        found = unsafe in answer.text
        return Answer([0] if found else answer.statuses, "It comes out alive." if found else safe, answer.text)

    note = {"verdict": "true_alarm", "note": FORMULA}
    server.json(f"/runs/{run}/events/1/verdict", note, "PUT")
    apart = "The cell begins with an apostrophe, so that a spreadsheet takes it as text."
    for what in ("rows", "events"):
        path = f"/runs/{run}/export?what={what}&format=csv"
        yield f"a formula as equipment, exported ({what})", "2", lambda path=path: cell(path, f',"{FORMULA[:4]}', apart)
    escaped = "It is shown as text."
    for path in ("/", "/data", f"/event?run={run}", f"/runs/{run}/report.html"):
        what = f"script as the name of a file, on {path.replace(run, 'ID')}"
        yield what, "2", lambda path=path: cell(path, SCRIPT, escaped)
    yield (
        "script in an answer that is no page",
        "2",
        lambda: cell("/metrics", SCRIPT, "It is not in the counters."),
    )


def at_the_door(server: Server) -> Iterator[Case]:
    """A server with a token, 30 POSTs a minute."""
    secure = f"waferwatch-session-{server.port}"
    form = FORM
    yield "no token", "4", lambda: server.ask("GET", "/datasets")
    yield "a token as password", "4", lambda: server.ask("GET", "/datasets", auth=("admin", TOKEN))
    yield "a forged cookie", "4", lambda: server.ask("GET", "/datasets", headers={"Cookie": f"{secure}=ImFkbWluIg.x.y"})
    away = f"token={TOKEN}&next=//evil.example/"
    yield "a log-in that leads to another site", "3", lambda: leads(server, server.client.post, away, form)
    yield "a form of 20 KB", "4", lambda: server.ask("POST", "/login", content="token=" + "x" * 20_000, headers=form)
    yield "a token in the address, and a way out", "3", lambda: leads(server, server.client.get, None, None)
    wrong = [lambda n=n: server.ask("POST", "/login", content=f"token=guess{n}", headers=form) for n in range(15)]
    yield "15 guesses of the token", "4", lambda: server.together(wrong)
    guess = {"Authorization": "Bearer guess", "X-Forwarded-For": "10.9.8.7"}
    yield "a guess more, in another's name", "4", lambda: server.ask("GET", "/runs", headers=guess)
    flood = [lambda: server.ask("POST", "/logout") for _ in range(40)]
    yield "40 POSTs at once", "34", lambda: server.together(flood)


def leads(server: Server, method: Callable[..., httpx.Response], body: str | None, headers: Any) -> Answer:
    """Where a redirect goes; 0 when it leaves the server."""
    more = {} if body is None else {"content": body, "headers": headers}
    path = "/login" if body else f"//evil.example/?token={TOKEN}"
    answer = method(f"http://127.0.0.1:{server.port}{path}", **more)
    server.client.cookies.clear()
    target = answer.headers.get("location", "")
    local = target.startswith("/") and not target.startswith("//")
    return Answer([answer.status_code if local else 0], f"It goes to {target}", answer.text)


def answered(what: str, allowed: str, send: Callable[[], Answer], server: Server, faults: list[str]) -> str:
    """The row of the table."""
    with Watch(server) as watch:
        try:
            answer = send()
        except (httpx.TransportError, OSError, TimeoutError) as error:
            answer = Answer([], f"No answer: {type(error).__name__}")
    refused = [s for s in answer.statuses if str(s)[0] not in allowed and s != 503] or not answer.statuses
    if refused or "Traceback (most recent" in answer.text:
        faults.append(f"{what}: {answer.shown() or 'none'} {answer.sentence}"[:300])
    if math.isinf(watch.worst_ms):
        faults.append(f"{what}: /healthz did not answer")
    return f"| {what} | {answer.shown()} | {cell(answer.sentence)} | {watch.peak_mb:.0f} | {watch.worst_ms:.0f} |"


def cell(text: str) -> str:
    """A sentence as a cell of a table in Markdown: one line, nothing in it that is markup or does not print."""
    said = re.sub(r"\b[0-9a-f]{16}\b", "ID", re.sub(r"\s+", " ", text))
    said = "".join(letter if letter.isprintable() else "�" for letter in said)
    said = said if len(said) <= 400 else said[:400] + " ..."
    for letter, shown in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("*", "\\*"), ("`", "\\`")):
        said = said.replace(letter, shown)
    return said


def sections(plain: Server, door: Server, small: Server) -> Iterator[tuple[str, Server, Callable[[], Iterator[Case]]]]:
    """Title, server and cases. The last ones use up the limits of a server."""
    dataset, run = plain.kept("a.csv", hostile_files.good(400)), plain.run()
    sent = hostile_files.files
    yield "Files", plain, lambda: ((w, allowed, lambda n=n, c=c: plain.upload(n, c)) for w, allowed, n, c in sent())
    yield "Bodies of /detect", plain, lambda: bodies(plain)
    yield "Addresses", plain, lambda: addresses(plain, run)
    yield "Connections", plain, lambda: hostile_connections.requests_as_bytes(plain)
    yield "Few files", small, lambda: hostile_attacks.few_files(small)
    yield "Proxies", plain, lambda: hostile_attacks.through_a_proxy(plain)
    yield "Floods and silence", plain, lambda: hostile_attacks.floods(plain, run)
    yield "What the data say", plain, lambda: itertools.chain(exports(plain), hostile_attacks.lists(plain))
    yield "Acts", plain, lambda: acts(plain, dataset, run)
    yield "Sessions", door, lambda: hostile_attacks.sessions(door, TOKEN)
    yield "A server with a token", door, lambda: at_the_door(door)


def main(wanted: list[str]) -> int:
    raise_own_limit()
    lines, faults, counted = [HEAD], [], 0
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:

        def server(kind: str, settings: dict[str, str], files: int = 0) -> Server:
            Path(name, kind).mkdir()
            started = Server(Path(name, kind), LIMITS | settings, files)
            running.callback(started.stop)
            return started

        plain, small = server("plain", {}), server("small", {}, 1024)
        door = server("locked", {"WAFERWATCH_TOKEN": TOKEN, "WAFERWATCH_POSTS_PER_MINUTE": "30"})
        for title, asked, cases in sections(plain, door, small):
            if wanted and title not in wanted:
                continue
            lines.append(f"\n## {title}\n\n| sent | status | answer | MB | /healthz ms |\n|---|---|---|---|---|")
            for what, allowed, send in cases():
                lines.append(answered(what, allowed, send, asked, faults))
                counted += 1
                print(lines[-1], file=sys.stderr, flush=True)
        logs = "".join(one.log for one in (plain, door, small))
    traces = logs.count("Traceback")
    print(*re.findall(r"(?s)Traceback.{0,3000}", logs)[:3], sep="\n", file=sys.stderr)
    if not wanted:
        PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = {"cases": counted, "tracebacks_logged": traces, **worst(lines), "faults": faults}
    print(json.dumps(document, ensure_ascii=False))
    return 1 if faults or traces else 0


def worst(lines: list[str]) -> dict[str, float]:
    """The largest of each column of figures."""
    rows = [line.rsplit("|", 3)[1:3] for text in lines for line in text.splitlines() if re.search(r"\d \|$", line)]
    figures = {"most_rss_mb": 0.0, "worst_healthz_ms": 0.0}
    for memory, health in rows:
        figures["most_rss_mb"] = max(figures["most_rss_mb"], float(memory))
        figures["worst_healthz_ms"] = max(figures["worst_healthz_ms"], float(health))
    return figures


def raise_own_limit() -> None:
    """This process holds the other ends of many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
