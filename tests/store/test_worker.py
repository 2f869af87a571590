"""A process is known by its number and its start, whatever the clock says."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from waferwatch.store.upkeep.worker import host_of, lives, this_worker


def test_this_process_lives_and_one_that_ended_does_not() -> None:
    assert lives(this_worker())
    code = "from waferwatch.store.upkeep.worker import this_worker; print(this_worker())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert host_of(ended) == host_of(this_worker())
    assert ended != this_worker()
    assert not lives(ended)


@pytest.mark.parametrize("worker", ["host:1:1767225600.00", "host:none:x", "host:99999999:None"])
def test_a_process_that_is_none_does_not_live(worker: str) -> None:
    assert not lives(worker)


def test_a_clock_that_is_set_makes_no_living_process_look_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = this_worker()
    truly = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: truly(self) - 7200)
    assert lives(worker)
