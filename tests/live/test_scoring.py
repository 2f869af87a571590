"""Scores of live rows: early ones depend on the rows up to them alone, settled ones are those of the file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection

import waferwatch
from tests.live.fab import Heard, as_rows, golden, kept_rows, live_frame, send, until
from waferwatch.live import state
from waferwatch.live.log.reading import LoggedRows
from waferwatch.live.log.sealing import Keeping, Sealing
from waferwatch.live.scored import WaferBlock
from waferwatch.live.scoring import early_scores, workers
from waferwatch.live.scoring.track import EarlyScores, EarlyTrack
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.live.state import WatchState, live_state
from waferwatch.settings import Settings
from waferwatch.store.database.connection import StoreError
from waferwatch.store.store import Store


def settle(service: LiveService) -> None:
    until(lambda: not service.parts.workers.busy, "settled scores and verdicts")


def test_settled_scores_and_verdicts_are_those_of_the_file(
    service: LiveService, heard: Heard, model: waferwatch.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.2)
    frame = live_frame()
    send(service, as_rows(frame))
    settle(service)
    found = kept_rows(service.parts.database)
    expected = model.detect(frame)
    frame = frame.assign(score=expected.scores, time=frame["timestamp"].astype("datetime64[ns]").astype("int64"))
    both = found.merge(frame, on=["equipment", "time"])
    assert len(both) == len(frame)
    known = both["settled"].notna()
    assert known.mean() > 0.8  # the last wafer of each chamber waits for the next
    np.testing.assert_allclose(both["settled"][known], both["score"][known], atol=1e-4)

    verdicts = {(one.equipment, one.verdict.lot, one.verdict.wafer): one.verdict for one in heard.wafers}
    assert len(verdicts) == len(expected.runs)  # one that was judged at a pause and went on is judged again
    whole = {(run.equipment, run.lot, run.wafer): run for run in expected.runs}
    assert {key: run.abnormal for key, run in verdicts.items()} == {key: run.abnormal for key, run in whole.items()}
    scores = np.array([(verdicts[key].score, run.score) for key, run in whole.items()])
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-4)
    assert all(one.productive and one.position for one in heard.wafers)


def test_a_verdict_that_could_not_be_kept_is_made_again_though_nothing_more_comes(
    service: LiveService, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_AFTER_FAILURE_S", 0.01)
    take, failures = heard.finished, iter(range(3))

    def finished(connection: sqlite3.Connection, block: WaferBlock) -> None:
        if next(failures, None) is not None:
            raise sqlite3.OperationalError("database or disk is full")
        take(connection, block)

    monkeypatch.setattr(heard, "finished", finished)
    send(service, as_rows(live_frame(60)))
    until(lambda: len({one.equipment for one in heard.wafers}) == 2, "the verdicts")
    until(lambda: not service.parts.workers.busy, "the end")
    assert service.parts.workers.counts.failures == 3


def early_of(service: LiveService, block: int, rows: int = 400) -> pd.Series:
    source = f"blocks of {block}"
    send(service, as_rows(live_frame(rows)), block, source)
    found = kept_rows(service.parts.database)
    return found[found["source"] == source]["early"].reset_index(drop=True)


def test_early_scores_are_the_same_for_any_block_and_after_any_restart(
    service: LiveService, settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early_scores, "KEPT_EVERY", 50)
    whole = early_of(service, 400)
    assert whole.notna().all()
    assert whole.nunique() > 100
    pd.testing.assert_series_equal(early_of(service, 7), whole, check_exact=True)
    rows = as_rows(live_frame(400))
    for start in range(0, 400, 90):
        send(service, rows[start : start + 90], 31, "restarts")
        service.stop()
        service.start()
    found = kept_rows(service.parts.database)
    again = found[found["source"] == "restarts"]["early"].reset_index(drop=True)
    pd.testing.assert_series_equal(again, whole, check_exact=True)


def test_the_alarms_get_each_row_once_with_the_threshold_of_the_early_score(
    service: LiveService, heard: Heard, model: waferwatch.Model
) -> None:
    frame = live_frame(200)
    frame.loc[150:, "pressure_mTorr"] += 40
    send(service, as_rows(frame), 25)
    positions = np.concatenate([one.positions for one in heard.blocks])
    assert sorted(positions.tolist()) == list(range(1, 201))
    assert model.early is not None
    assert {one.threshold for one in heard.blocks} == {model.early.threshold}
    assert all(one.lower_threshold <= one.threshold for one in heard.blocks)
    faulty = [(one, at) for one in heard.blocks for at in np.flatnonzero(one.positions > 150)]
    leading = [one.sensors[int(one.contributions[at].argmax())] for one, at in faulty]
    pressure = heard.blocks[0].sensors.index("pressure_mTorr")
    assert max(set(leading), key=leading.count) == "pressure_mTorr"
    assert np.mean([one.scores[at] > one.threshold for one, at in faulty]) > 0.5
    assert np.mean([one.signs[at, pressure] == 1 for one, at in faulty]) > 0.9
    worst = heard.blocks[-1]
    assert set(worst.context) == {"lot", "wafer", "recipe", "step"}


def test_rows_in_maintenance_raise_no_alarm_and_end_the_series(settings: Settings, store: Store, heard: Heard) -> None:
    service = LiveService(settings.model_copy(update={"live_quiet_wafers": 0}), store, heard)
    service.start()
    service.watch(Watch("*", "*", "etch"))
    rows = as_rows(live_frame(90))
    states = ["PRD"] * 30 + ["scheduled down"] * 30 + ["productive"] * 30
    send(service, [replace(one, state=state) for one, state in zip(rows, states, strict=True)], 10)
    productive = np.concatenate([one.productive for one in sorted(heard.blocks, key=lambda one: one.positions[0])])
    assert productive.sum() == 60
    assert sorted(set(kept_rows(service.parts.database)["series"])) == [1, 2, 3]
    service.stop()


def test_under_overload_early_scores_are_left_out_and_marked_and_settled_ones_never(
    service: LiveService, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early_scores, "LATEST_S", -1.0)
    send(service, as_rows(live_frame(600)))
    found = kept_rows(service.parts.database)
    assert (found["skipped"] == 1).all()
    assert found["early"].isna().all()
    assert heard.blocks == []
    monkeypatch.setattr(workers, "IDLE_S", 0.0)
    until(lambda: bool(kept_rows(service.parts.database)["settled"].notna().any()), "settled scores")


def test_when_rows_come_too_fast_those_that_come_now_go_first_and_every_row_is_settled(
    service: LiveService, model: waferwatch.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.2)
    monkeypatch.setattr(workers, "TICK_S", 0.01)
    monkeypatch.setattr(early_scores, "LATEST_S", 0.5)
    monkeypatch.setattr(early_scores, "MOST_ROWS", 100)
    monkeypatch.setattr(state, "BEHIND_S", 0.3)
    slow, score = threading.Event(), EarlyTrack.score

    def scored(track: EarlyTrack, rows: LoggedRows) -> EarlyScores:
        slow.wait(0.3)
        return score(track, rows)

    monkeypatch.setattr(EarlyTrack, "score", scored)
    rows, log = as_rows(live_frame(1000)), service.parts.log
    said = []
    for start in range(0, 900, 100):
        log.accept("test", rows[start : start + 100])
        time.sleep(0.1)
        said.append(live_state(service.parts, 60.0).overload)
    until(lambda: not service.parts.waiting, "early scores")
    slow.set()
    assert any(said)
    assert live_state(service.parts, 60.0).overload is None
    send(service, rows[900:])
    for name in ("ETCH-01", "ETCH-02"):
        log.end_series("test", name)
        last = next(one for one in reversed(rows) if one.equipment == name)
        log.accept("test", [replace(last, time=last.time + 10**12)])
    until(lambda: not service.parts.waiting and not service.parts.workers.unsettled, "settled scores")
    found = kept_rows(service.parts.database).groupby("equipment").head(500)
    assert 0 < found["skipped"].sum() < 900
    assert found[found["skipped"] == 1]["early"].isna().all()
    assert found[found["position"] > 900]["early"].notna().all()
    assert live_state(service.parts, 60.0).skipped == found["skipped"].sum()
    expected = model.detect(live_frame(1000)).scores
    frame = live_frame(1000).assign(score=expected)
    frame["time"] = frame["timestamp"].astype("datetime64[ns]").astype("int64")
    both = found.merge(frame, on=["equipment", "time"])
    assert len(both) == 1000
    np.testing.assert_allclose(both["settled"], both["score"], atol=1e-4)


def test_the_state_says_why_an_equipment_is_not_scored(service: LiveService) -> None:
    rows = as_rows(live_frame(4))
    send(service, [*rows, replace(rows[-1], equipment="ETCH-99", readings={"new": 1.0})])
    found = {one.equipment: one for one in live_state(service.parts, 60.0).equipment}
    assert found["ETCH-01"].state is WatchState.WATCHED
    assert found["ETCH-01"].monitor == "etch@1"
    assert found["ETCH-99"].state is WatchState.UNKNOWN
    assert found["ETCH-99"].unknown_sensors == ["new"]
    assert "pressure_mTorr" in found["ETCH-99"].missing_sensors
    service.end_watch("*", "*")
    assert {one.state for one in live_state(service.parts, 60.0).equipment} == {WatchState.NO_MONITOR}


def test_monitors_go_on_scoring_while_their_database_is_away(
    service: LiveService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def away() -> Iterator[Connection]:
        raise StoreError("The database cannot be reached or is busy.")
        yield

    rows = as_rows(live_frame(40))
    send(service, rows[:20])
    monkeypatch.setattr(store.database, "read", away)
    service.refresh()
    send(service, rows[20:])
    assert kept_rows(service.parts.database)["early"].notna().all()


def test_rows_that_nobody_watches_any_more_move_to_files_too(service: LiveService) -> None:
    rows = as_rows(live_frame(600))
    send(service, rows[:500])
    settle(service)
    service.end_watch("*", "*")
    send(service, rows[500:])
    settle(service)
    sealing = Sealing(service.parts.database, Keeping(hours=0, days=1), service.parts.models.will_score)
    while sealing.seal():
        pass
    assert kept_rows(service.parts.database).empty


def test_silence_of_a_source_is_said_once_and_so_is_its_end(settings: Settings, store: Store, heard: Heard) -> None:
    service = LiveService(settings.model_copy(update={"live_silence_s": 0.5}), store, heard)
    service.start()
    rows = iter(as_rows(live_frame()))
    service.parts.log.accept("line", [next(rows)])
    until(lambda: bool(heard.silences), "silence")

    def heard_again() -> bool:
        service.parts.log.accept("line", [next(rows)])
        return bool(heard.back)

    until(heard_again, "the end of silence")
    service.stop()
    assert heard.silences[0] == ("line", None)
    assert heard.back[0] == ("line", None)


def test_another_version_that_is_put_in_use_scores_from_then_on(
    service: LiveService, store: Store, heard: Heard
) -> None:
    rows = as_rows(live_frame(40))
    send(service, rows[:20])
    with waferwatch.MonitorLibrary(store.settings.data_dir) as monitors:
        monitors.fit("etch", golden()[:4000], detector="early", activate=True)
    service.refresh()
    send(service, rows[20:])
    assert {one.monitor for one in heard.blocks} == {"etch@1", "etch@2"}
    assert Watch("*", "*", "etch") == service.parts.models.watch_of("any", "any")
