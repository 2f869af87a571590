"""Live monitoring under everything but kills: brokers that restart and freeze, full disks, locks, clocks, lost sensors.

    python benchmarks/live_disturbances.py
    python benchmarks/live_disturbances.py --only broker_restart,database_locked

The rows of a virtual fab with faults are sent to a process that keeps them, scores them, raises alarms and posts these
to a receiver on loopback, while something goes wrong on the way. Whatever it is:

- each row that was sent is there once (``lost``, ``doubled``);
- no problem has two alarms that are open at a time, and each alarm was opened once (``alarms_doubled``);
- every message of the outbox has arrived at least once (``missing``);
- where the rows are the same and in the same order, early scores are those of the quiet run (``early_differ``).

MQTT needs Mosquitto (Debian) and the extra ``mqtt``; the full disk is a small tmpfs, which only root can mount. The
last line of stdout is one JSON document; the exit code is 1 when anything is lost, doubled, missing or different.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

import waferwatch
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scoring import workers
from waferwatch.live.sources.mqtt import MqttOptions, MqttSource

sys.path.insert(0, str(Path(__file__).parent))
from live_line import Broker, Counting, Line, as_rows, message_of, wait

GOLDEN_ROWS, BATCH = 8000, 20
LOCKED_S = 15.0  # longer than a writer waits
BALLAST = "ballast"
BEHIND_SKIPPED = 64  # rows, about the longest step
HOUR_NS = 3_600_000_000_000
_REAL_TIME = time.time


@dataclass
class Outcome:
    """What came of one disturbance."""

    fault: str
    sent: int  # different rows
    stored: int
    lost: int
    doubled: int
    late: int
    refused: int  # times that rows were not taken
    alarms: int
    alarms_doubled: int
    messages: int
    missing: int
    early_differ: int | None  # None: the rows, or their order, are others than in the quiet run
    seconds: float
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        wrong = (self.lost, self.doubled, self.alarms_doubled, self.missing, self.early_differ or 0)
        return not any(wrong) and self.alarms > 0


def batches(rows: list[LiveRow]) -> Iterator[list[LiveRow]]:
    yield from (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


# What goes wrong: each sends the rows in its own way, and gives the rows that must be there.


def quiet(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    for batch in batches(rows):
        line.accept(batch)
    return rows


def duplicates_and_shuffles(line: Line, rows: list[LiveRow], seed: int) -> list[LiveRow]:
    """Every third batch comes twice, and batches overtake one another."""
    chance, sent = random.Random(seed), list(batches(rows))
    for start in range(0, len(sent), 5):
        some = sent[start : start + 5]
        chance.shuffle(some)
        for number, batch in enumerate(some):
            line.accept(chance.sample(batch, len(batch)))
            if number % 3 == 0:
                line.accept(batch)
    return rows


def data_clock_back(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    """The tools' clocks are set back by an hour half way."""
    half = len(rows) // 2
    moved = [*rows[:half], *(replace(row, time=row.time - HOUR_NS) for row in rows[half:])]
    return quiet(line, moved, 0)


def server_clock_back(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    """The server's own clock is set back by an hour half way, and forward again."""
    half = len(rows) // 2
    quiet(line, rows[:half], 0)
    time.time = lambda: _REAL_TIME() - 3600
    try:
        quiet(line, rows[half:], 0)
        line.drain()
    finally:
        time.time = _REAL_TIME
    return rows


def sensor_disappears(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    """One sensor is in no row of the middle third, and another one that nobody knows is there instead."""
    lost = sorted(rows[0].readings)[0]
    third, changed = len(rows) // 3, list(rows)
    for at in range(third, 2 * third):
        readings = {name: value for name, value in rows[at].readings.items() if name != lost}
        changed[at] = replace(rows[at], readings={**readings, "new sensor": 1.0})
    return quiet(line, changed, 0)


def database_locked(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    """Another process holds the file, twice, for longer than a writer waits."""
    third = len(rows) // 3
    for start in (0, third, 2 * third):
        stop = start + third if start < 2 * third else len(rows)
        lock = threading.Thread(target=_hold, args=(line.path,)) if start else None
        if lock is not None:
            lock.start()
            time.sleep(0.1)
        quiet(line, rows[start:stop], 0)
        if lock is not None:
            lock.join()
    return rows


def _hold(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(LOCKED_S)
    connection.execute("ROLLBACK")
    connection.close()


def disk_full(line: Line, rows: list[LiveRow], _seed: int) -> list[LiveRow]:
    """The disk is full twice; after some seconds somebody makes room."""
    disk, third = line.path.parent.parent, len(rows) // 3
    for start in (0, third, 2 * third):
        stop = start + third if start < 2 * third else len(rows)
        if start:
            _fill(disk / BALLAST)
            threading.Timer(6.0, (disk / BALLAST).unlink).start()
        quiet(line, rows[start:stop], 0)
        wait(lambda: not (disk / BALLAST).exists(), "room")
    return rows


def _fill(path: Path) -> None:
    piece = b"\0" * 65536
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(piece):
                pass
    except OSError:  # full
        pass


def broker_restart(line: Line, rows: list[LiveRow], seed: int) -> list[LiveRow]:
    """The broker is restarted three times, at random moments."""
    return _over_broker(line, rows, seed, lambda broker: (broker.stop(), time.sleep(1.0), broker.start()))


def broker_freeze(line: Line, rows: list[LiveRow], seed: int) -> list[LiveRow]:
    """The broker stands still (SIGSTOP) three times for five seconds."""
    return _over_broker(line, rows, seed, lambda broker: broker.freeze(5.0))


def broker_freeze_long(line: Line, rows: list[LiveRow], seed: int) -> list[LiveRow]:
    """The broker stands still for so long that clients give the connection up."""
    return _over_broker(line, rows, seed, lambda broker: broker.freeze(70.0), times=1)


def _over_broker(
    line: Line, rows: list[LiveRow], seed: int, disturb: Callable[[Broker], object], times: int = 3
) -> list[LiveRow]:
    from paho.mqtt import client as mqtt

    with tempfile.TemporaryDirectory(prefix="waferwatch-broker-") as folder:
        broker = Broker(Path(folder))
        source = MqttSource(MqttOptions("fab", "127.0.0.1", ["fab/{equipment}"], broker.port))
        source.start(Counting(line))
        wait(lambda: source.subscribed, "the subscription")
        tool = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="tools", clean_session=False)
        tool.reconnect_delay_set(1, 2)
        tool.max_inflight_messages_set(100)
        tool.connect("127.0.0.1", broker.port)
        tool.loop_start()
        moments = set(random.Random(seed).sample(range(len(rows)), times))
        waiting: threading.Thread | None = None
        for number, row in enumerate(rows):
            tool.publish(f"fab/{row.equipment}", message_of(row), qos=1)
            time.sleep(0.001)
            if number in moments:
                if waiting is not None:
                    waiting.join()
                waiting = threading.Thread(target=disturb, args=(broker,))
                waiting.start()
        if waiting is not None:
            waiting.join()
        wait(lambda: line.count("live_rows") >= len(rows), "the rows")
        time.sleep(2.0)  # what comes again is a duplicate
        tool.loop_stop()
        source.stop()
        broker.stop()
    return rows


FAULTS: dict[str, tuple[Callable[[Line, list[LiveRow], int], list[LiveRow]], bool]] = {  # and whether all is as quiet
    "quiet": (quiet, True),
    "broker_restart": (broker_restart, True),
    "broker_freeze": (broker_freeze, True),
    "broker_freeze_long": (broker_freeze_long, True),
    "disk_full": (disk_full, True),
    "database_locked": (database_locked, True),
    "server_clock_back": (server_clock_back, True),
    "data_clock_back": (data_clock_back, False),
    "duplicates_and_shuffles": (duplicates_and_shuffles, False),
    "sensor_disappears": (sensor_disappears, False),
}


@contextmanager
def place_of(fault: str, learnt: Path, place: Path) -> Iterator[Path]:
    """The data folder of one run; on a small disk of its own where that is to run full."""
    folder = place / fault
    folder.mkdir()
    if fault == "disk_full":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=True)
    try:
        shutil.copytree(learnt, folder, dirs_exist_ok=True)
        yield folder
    finally:
        if fault == "disk_full":
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def run(fault: str, learnt: Path, place: Path, rows: list[LiveRow], seed: int) -> tuple[Outcome, pd.DataFrame]:
    began = time.monotonic()
    with place_of(fault, learnt, place) as folder:
        line = Line(folder)
        try:
            expected = FAULTS[fault][0](line, rows, seed)
            line.drain()
            found = outcome(fault, line, expected, time.monotonic() - began)
            return found, scores_of(line)
        finally:
            line.close()


_OPEN_TWICE = "SELECT 1 FROM alarms WHERE closed_at = '' GROUP BY source, fingerprint HAVING count(*) > 1"


def outcome(fault: str, line: Line, expected: list[LiveRow], seconds: float) -> Outcome:
    with line.live.parts.database.reading() as connection:
        stored = Counter(
            (str(name), int(at))
            for name, at in connection.execute(
                "SELECT e.name, r.time FROM live_rows r JOIN live_equipment e ON e.id = r.equipment"
            )
        )
        late = connection.execute("SELECT sum(late) FROM live_equipment").fetchone()[0]
        messages = {str(row[0]) for row in connection.execute("SELECT message FROM outbox")}
        alarms = connection.execute("SELECT count(*), count(DISTINCT id) FROM alarms").fetchone()
        opened = connection.execute("SELECT count(*) FROM alarm_changes WHERE action = 'opened'").fetchone()[0]
        open_twice = connection.execute(f"SELECT count(*) FROM ({_OPEN_TWICE})").fetchone()[0]
    sent = {(row.equipment, row.time) for row in expected}
    return Outcome(
        fault,
        len(sent),
        sum(stored.values()),
        len(sent - set(stored)),
        sum(stored.values()) - len(stored),
        int(late or 0),
        line.refused,
        alarms[0],
        int(opened != alarms[0]) + open_twice,
        len(messages),
        len(messages - set(line.receiver.ids)),
        None,
        round(seconds, 1),
        {
            "settled": line.count("live_scores WHERE settled IS NOT NULL"),
            "failures": line.live.parts.workers.counts.failures,
        },
    )


def scores_of(line: Line) -> pd.DataFrame:
    query = """
    SELECT e.name, r.time, s.early, s.skipped FROM live_rows r JOIN live_equipment e ON e.id = r.equipment
    LEFT JOIN live_scores s ON s.position = r.position ORDER BY e.name, r.time
    """
    with line.live.parts.database.reading() as connection:
        return pd.read_sql_query(query, connection)


def differing(found: pd.DataFrame, expected: pd.DataFrame) -> int:
    """Rows whose early score differs. Those that were left out, since they had waited for too long, have none, and the
    next ones rest on the rows since then alone.
    """
    both = found.merge(expected, on=["name", "time"], suffixes=("", "_quiet"))
    near = both.groupby("name")["skipped"].transform(lambda one: one.rolling(BEHIND_SKIPPED, min_periods=1).max())
    both = both[near == 0]
    same = both["early"].eq(both["early_quiet"]) | (both["early"].isna() & both["early_quiet"].isna())
    return int((~same).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(FAULTS))
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    workers.IDLE_S = 0.5
    fab = waferwatch.generate(GOLDEN_ROWS + options.rows, 2, seed=5)
    done: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="waferwatch-disturbed-") as name:
        place = Path(name)
        with waferwatch.MonitorLibrary(place / "learnt") as monitors:
            golden = fab[:GOLDEN_ROWS].drop(columns=["fault_kind"])
            monitors.fit("fab", golden, detector="statistical", roles={"anomaly": "label"})
        rows = as_rows(fab[GOLDEN_ROWS:])
        undisturbed: pd.DataFrame | None = None
        for fault in dict.fromkeys(["quiet", *options.only.split(",")]):
            found, scores = run(fault, place / "learnt", place, rows, options.seed)
            undisturbed = scores if undisturbed is None else undisturbed
            if FAULTS[fault][1]:
                found.early_differ = differing(scores, undisturbed)
                found.notes["skipped"] = int(scores["skipped"].sum())
            done.append(found)
            print(("kept   " if found.kept else "BROKEN ") + json.dumps(asdict(found)), file=sys.stderr, flush=True)
    print(json.dumps([asdict(one) for one in done]))
    return int(not all(one.kept for one in done))


if __name__ == "__main__":
    sys.exit(main())
