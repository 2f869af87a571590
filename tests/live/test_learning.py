"""Monitors learnt from the rows that come, and what becomes of old rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.live.fab import Heard, as_rows, golden, kept_rows, live_frame, send, until
from waferwatch.live.log.sealing import Keeping, Sealing
from waferwatch.live.numbers import live_numbers
from waferwatch.live.scoring import workers
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.live.state import WatchState, live_state
from waferwatch.store.store import Store


def test_a_monitor_is_learnt_from_the_wafers_that_come_and_then_scores(
    service: LiveService, store: Store, heard: Heard
) -> None:
    service.watch(Watch("new", "ETCH-0?", "fresh", {"learn_wafers": 8, "detector": "early"}))
    rows = as_rows(golden()[:3400])
    down = [replace(one, state="SDT", wafer=f"dummy {number // 60}") for number, one in enumerate(rows[:600])]
    send(service, down, source="new")
    service.parts.learning.look()
    state = live_state(service.parts, 60.0).equipment[0]
    assert state.state is WatchState.LEARNING
    assert state.learning is not None
    assert (state.learning["have"], state.learning["need"]) == (0, 8)
    assert "not productive" in str(state.learning["why"])
    send(service, rows[600:1400], source="new")
    service.parts.learning.look()
    state = live_state(service.parts, 60.0).equipment[0]
    assert state.learning is not None
    assert 0 < int(str(state.learning["have"])) < 8
    send(service, rows[1400:], source="new")
    until(lambda: store.monitors.has("fresh"), "the monitor")
    learnt = store.monitors.version("fresh")
    assert learnt.golden is not None
    assert learnt.golden.rows <= len(rows) - 600
    until(lambda: live_state(service.parts, 60.0).equipment[0].monitor == "fresh@1", "the model")
    heard.blocks.clear()
    send(service, as_rows(live_frame(20)), source="new")
    assert {one.monitor for one in heard.blocks} == {"fresh@1"}
    assert live_state(service.parts, 60.0).equipment[0].state is WatchState.WATCHED


def test_old_rows_move_to_files_by_equipment_and_day_once_they_are_scored(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.1)
    send(service, as_rows(live_frame(100)), source="a/b")
    until(lambda: not service.parts.workers.busy, "all scores")
    before = kept_rows(service.parts.database)
    sealing = Sealing(service.parts.database, Keeping(hours=0, days=1), every_s=0)

    def sealed() -> bool:
        sealing.look()
        return len(kept_rows(service.parts.database)) == 0

    until(sealed, "the files")
    files = sorted((service.parts.database.path.parent / "sealed").rglob("*.parquet"))
    assert [one.parent.name for one in files] == ["2026-01-05"] * 2
    assert {one.parent.parent.name for one in files} == {"ETCH-01", "ETCH-02"}
    moved = pd.concat([pd.read_parquet(one) for one in files]).sort_values(["equipment", "position"])
    assert moved["position"].tolist() == before["position"].tolist()
    assert moved["early_score"].tolist() == before["early"].tolist()
    again = service.parts.log.accept("a/b", as_rows(live_frame(102))[100:])
    assert again.rows == 2, "the log goes on"
    assert again.position > max(before["position"])


def test_numbers_say_what_was_done_and_what_waits(service: LiveService, tmp_path: Path) -> None:
    send(service, as_rows(live_frame(40)))
    found = live_numbers(service.parts)
    assert (found.rows, found.waiting, found.equipment) == (40, 0, 2)
    assert found.early_seconds > 0
