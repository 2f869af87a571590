"""A server that is killed while a threshold moves keeps the result, with the acknowledged threshold or the next one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from waferwatch.jobs.detection import set_threshold, summary
from waferwatch.jobs.options import Options
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.settings import Settings
from waferwatch.store.store import open_store

KILLS = 6  # benchmarks/kill_server.py has dozens
# One process has the imports done and forks the servers that it kills: a start of its own for each would take minutes.
_PROGRAM = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from waferwatch.scoring.question import Question
from waferwatch.scoring.run import detect_table
from waferwatch.jobs.detection import set_threshold, summary
from waferwatch.jobs.options import Options
from waferwatch.settings import Settings
from waferwatch.store.demo import make_demo
from waferwatch.store.store import open_store

settings, kills = Settings(data_dir=Path(sys.argv[1])), int(sys.argv[2])
chance = random.Random(11)


def serve(run_id, acknowledge):
    store, number = open_store(settings), 0
    store.datasets._tables.put(("demo", 1), table)
    run = store.runs.get(run_id)
    while True:
        number += 1
        threshold = 1.0 + number % 7 + os.getpid() / 2**23
        os.write(acknowledge, json.dumps(["asked", threshold]).encode() + b"\\n")
        set_threshold(store, run, threshold)
        os.write(acknowledge, json.dumps(["done", threshold]).encode() + b"\\n")


def killed(run_id):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        serve(run_id, writing)
    os.close(writing)
    lines = os.fdopen(reading)
    said = [json.loads(lines.readline()) for _ in range(4)]  # two moves are done, a third may be on its way
    time.sleep(chance.uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said += [json.loads(line) for line in lines if line.endswith("\\n")]
    return [threshold for what, threshold in said if what == "asked"], [t for what, t in said if what == "done"]


table = make_demo()
store = open_store(settings)
store.prepare()
found = detect_table(table, Question(detector="squared_difference", contamination=0.005))
run = store.runs.add("detection", "demo", "", Options("demo", detector="squared_difference").to_dict(), "f" * 64, "kim")
store.runs.start(run.id)
store.results.put_detection(run.id, found)
store.runs.finish(run.id, summary(found))
store.close()
figures = {"lost": 0, "other": 0, "moves": 0, "on_their_way": 0}
for _ in range(kills):
    asked, done = killed(run.id)
    figures["moves"] += len(done)
    figures["on_their_way"] += len(asked) > len(done)
    store = open_store(settings)
    try:
        kept = store.results.detection(run.id)
        flags = np.nan_to_num(kept.scores, nan=-np.inf) > kept.threshold
        whole = np.array_equal(kept.scores, found.scores, equal_nan=True) and np.array_equal(kept.flags, flags)
        known = kept.threshold in (done[-1], asked[-1]) and len(kept.events) == kept.event_ids.max()
        figures["other"] += not (whole and known)
        figures["other"] += store.runs.same("f" * 64) is not None  # a moved result answers the old question no longer
    except Exception as error:
        print(repr(error), file=sys.stderr)
        figures["lost"] += 1
    store.close()
open_store(settings).prepare()
figures["lost"] += len(open_store(settings).results.detection(run.id).scores) != len(found.scores)
print(json.dumps(figures))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_kill_during_a_moved_threshold_loses_no_result(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), str(KILLS)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["lost"], figures["other"]) == (0, 0), done.stderr
    assert figures["on_their_way"] >= KILLS // 2, "most kills came while a threshold moved"
    left = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(left) == 1, "nothing but the result is left"


def test_a_kill_between_the_result_and_its_row_leaves_no_answer_to_the_old_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(Settings(data_dir=tmp_path))
    store.prepare()
    options = Options("demo", detector="squared_difference").to_dict()
    run = store.runs.add("detection", "demo", "", options, "f" * 64, "kim")
    found = detect_table(store.datasets.table("demo"), Question(detector="squared_difference", contamination=0.005))
    store.results.put_detection(run.id, found)
    store.runs.finish(run.id, summary(found))
    put = store.results.put_threshold

    def put_and_die(run_id: str, moved: Detection) -> None:
        put(run_id, moved)
        raise KeyboardInterrupt

    monkeypatch.setattr(store.results, "put_threshold", put_and_die)
    with pytest.raises(KeyboardInterrupt):
        set_threshold(store, store.runs.get(run.id), found.threshold * 2)
    assert store.results.detection(run.id).threshold == found.threshold * 2
    assert store.runs.same("f" * 64) is None
    store.close()
