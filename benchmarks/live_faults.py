"""Whether live monitoring that is killed loses, doubles or changes anything.

    python benchmarks/live_faults.py
    python benchmarks/live_faults.py --kills 10 --seed 3

A process takes rows of a virtual fab in small batches, scores them and raises alarms. It is killed (SIGKILL) at a
random moment, KILLS times, and started again on the same data; the batch that was not answered is sent again, and so
is the one before it, as a source does that does not know. At the end all must be as in a process that nobody killed:

- each row that was acknowledged is there once, and no other;
- early scores are the same bit for bit, settled ones to 1e-4;
- each wafer has one verdict, and it is the same;
- the same problems have alarms; how many each has depends on the clock that reopens them, and is only reported.

The process is forked from one that has its imports done. The last line of stdout is one JSON document; the exit code is
1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import waferwatch
from waferwatch.live.alarms.service import live_with_alarms
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scoring import workers
from waferwatch.live.scoring.watched import Watch
from waferwatch.settings import read_settings
from waferwatch.store.store import open_store

sys.path.insert(0, str(Path(__file__).parent))
from live_line import as_rows

GOLDEN_ROWS, BATCH = 8000, 20
LATEST_S = (0.01, 0.6)  # a kill comes at most so long after a batch was handed in: while it is taken, or scored
PATIENCE_S = 120.0
SETTINGS = {"live_pause_s": 60.0, "live_silence_s": 3600.0}  # nothing may depend on how long the process was away


def serve(folder: Path, pipe: Connection) -> None:
    """What the killed process does."""
    workers.IDLE_S = 0.5
    settings = read_settings({}, data_dir=folder, **SETTINGS)
    store = open_store(settings)
    live, _ = live_with_alarms(settings, store)
    live.start()
    live.watch(Watch("*", "*", "fab"))
    pipe.send("ready")
    while True:
        rows = pipe.recv()
        if rows == "drained?":
            parts = live.parts
            pipe.send(not parts.waiting and not parts.workers.unsettled)
        elif rows == "stop":
            live.stop()
            pipe.send("stopped")
            return
        else:
            pipe.send(live.parts.log.accept("fab", rows).position)


class Process:
    """Starts, and ends in one way or the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pipe: Any = None  # a Connection, once it has started
        self._process: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(self._folder, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.answer(PATIENCE_S)

    def hand_in(self, said: Any) -> None:
        self._pipe.send(said)

    def answer(self, longest_s: float) -> Any:
        if not self._pipe.poll(longest_s):
            raise TimeoutError("no answer")
        return self._pipe.recv()

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(PATIENCE_S)

    def end(self) -> None:
        """When everything is scored."""
        until = time.monotonic() + PATIENCE_S
        self.hand_in("drained?")
        while not self.answer(PATIENCE_S):
            if time.monotonic() > until:
                raise TimeoutError("rows stay without a score")
            time.sleep(0.1)
            self.hand_in("drained?")
        self.hand_in("stop")
        self.answer(PATIENCE_S)
        self._process.join(PATIENCE_S)


def run(folder: Path, rows: list[LiveRow], kills: int, random_source: random.Random) -> Counter[str]:
    """Send all rows, with this many kills on the way."""
    process, counts = Process(folder), Counter[str]()
    process.start()
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    deadly = set(random_source.sample(range(len(batches)), kills)) if kills else set()
    for number, batch in enumerate(batches):
        process.hand_in(batch)
        if number in deadly:
            time.sleep(random_source.random() * random_source.choice(LATEST_S))
            counts["answered before the kill" if _answered(process) else "killed before the answer"] += 1
            process.kill()
            process.start()
            for again in batches[max(0, number - 1) : number + 1]:
                process.hand_in(again)
                process.answer(PATIENCE_S)
        else:
            process.answer(PATIENCE_S)
    process.end()
    return counts


def _answered(process: Process) -> bool:
    try:
        process.answer(0)
    except (TimeoutError, EOFError):
        return False
    return True


def found(folder: Path) -> dict[str, pd.DataFrame]:
    connection = sqlite3.connect(folder / "live" / "live.sqlite")
    queries = {
        "rows": """SELECT e.name, r.time, s.early, s.settled FROM live_rows r
            JOIN live_equipment e ON e.id = r.equipment
            LEFT JOIN live_scores s ON s.position = r.position ORDER BY e.name, r.time""",
        "wafers": """SELECT e.name, w.lot, w.wafer, w.verdict FROM live_wafers w
            JOIN live_equipment e ON e.id = w.equipment ORDER BY e.name, w.first""",
        "alarms": "SELECT fingerprint, COUNT(*) AS count FROM alarms GROUP BY fingerprint ORDER BY fingerprint",
    }
    tables = {name: pd.read_sql_query(query, connection) for name, query in queries.items()}
    connection.close()
    verdicts = [json.loads(one) for one in tables["wafers"]["verdict"]]
    tables["wafers"]["abnormal"] = [one["abnormal"] for one in verdicts]
    tables["wafers"]["score"] = [one["score"] for one in verdicts]
    return tables


def differences(killed: dict[str, pd.DataFrame], whole: dict[str, pd.DataFrame], sent: int) -> dict[str, Any]:
    rows, expected = killed["rows"], whole["rows"]
    said: dict[str, Any] = {"rows_sent": sent, "rows_kept": len(rows)}
    said["rows_lost_or_doubled"] = int(len(rows) != sent or not (rows["time"] == expected["time"]).all())
    if not said["rows_lost_or_doubled"]:
        early = rows["early"].to_numpy(), expected["early"].to_numpy()
        said["early_scores_that_differ"] = int(
            (~((early[0] == early[1]) | (np.isnan(early[0]) & np.isnan(early[1])))).sum()
        )
        both = np.abs(rows["settled"] - expected["settled"])
        said["settled_scores_compared"] = int(both.notna().sum())
        said["settled_scores_that_differ"] = int((both > 1e-4).sum())
    names = ["name", "lot", "wafer"]
    said["wafers"] = len(killed["wafers"])
    said["wafers_judged_twice"] = int(killed["wafers"].duplicated(names).sum())
    merged = killed["wafers"].merge(whole["wafers"], on=names, suffixes=("", "_whole"))
    said["wafers_missing"] = len(whole["wafers"]) - len(merged)
    said["verdicts_that_differ"] = int((merged["abnormal"] != merged["abnormal_whole"]).sum())
    said["alarms"] = int(killed["alarms"]["count"].sum())
    both = killed["alarms"].merge(whole["alarms"], on="fingerprint", how="outer", suffixes=("", "_whole")).fillna(0)
    other = both[both["count"] != both["count_whole"]]
    said["problems_with_more_or_fewer_alarms"] = other.to_dict("records")
    said["problems_that_differ"] = int(((both["count"] == 0) != (both["count_whole"] == 0)).sum())
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", default="statistical")
    options = parser.parse_args()
    fab = waferwatch.generate(GOLDEN_ROWS + options.rows, 2, seed=5)
    with tempfile.TemporaryDirectory(prefix="waferwatch-faults-") as place:
        learnt = Path(place) / "learnt"
        golden = fab[:GOLDEN_ROWS].drop(columns=["fault_kind"])
        with waferwatch.MonitorLibrary(learnt) as monitors:
            monitors.fit("fab", golden, detector=options.detector, roles={"anomaly": "label"})
        rows = as_rows(fab[GOLDEN_ROWS:])
        folders = {name: Path(place) / name for name in ("whole", "killed")}
        for folder in folders.values():
            shutil.copytree(learnt, folder)
        run(folders["whole"], rows, 0, random.Random(options.seed))
        counts = run(folders["killed"], rows, options.kills, random.Random(options.seed))
        said = differences(found(folders["killed"]), found(folders["whole"]), len(rows))
    print(json.dumps({"kills": options.kills, **counts, **said}))
    wrong = [
        name
        for name, value in said.items()
        if value and ("differ" in name or name.endswith(("doubled", "twice", "missing")))
    ]
    print(f"differences: {wrong or 'none'}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
