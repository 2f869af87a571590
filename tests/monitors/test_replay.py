"""Two versions on the same rows."""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from tests.monitors.made import chamber, everywhere, in_steps, learnt, table
from waferwatch.monitors.alarms.replay import Replay, Truth, replay
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.scoring.thresholds.threshold import Thresholds

ROWS = 50


@cache
def moved() -> tuple[Table, Model]:
    """A gauge has moved and one wafer leaks; the model is rebased."""
    leak = in_steps(2.0, "main")
    changes = {"pressure": everywhere(0.25), "leak": lambda wafer, step: leak(wafer, step) * (wafer == 15)}
    frame = chamber(30, 5, start="2026-03-02", lot="M", changes=changes)
    frame["bad"] = (np.arange(len(frame)) // ROWS == 15) & (frame["step"] == "main").to_numpy()
    return table(frame), rebase(learnt().model, table(frame)).model


@cache
def replayed() -> Replay:
    return replay(learnt().model, moved()[1], moved()[0])


def test_a_model_against_itself_finds_the_same() -> None:
    found = replay(learnt().model, learnt().model, moved()[0])
    assert (found.only_old, found.only_new) == ((), ())
    assert found.both == found.old.events == found.new.events
    assert found.flagged_both == found.old.flagged == found.new.flagged


def test_the_new_model_keeps_the_leak_and_drops_the_moved_gauge() -> None:
    found = replayed()
    assert (found.new.events, found.both) == (1, 1)
    assert found.flagged_both == found.new.flagged < found.old.flagged


def test_events_that_one_of_both_finds_are_listed() -> None:
    rows, new = moved()
    backwards = replay(new, learnt().model, rows, old_wish=Thresholds(1e6))
    assert backwards.old.events == 0
    assert len(backwards.only_new) == backwards.new.events > 0
    assert backwards.both == 0


def test_labels_say_which_events_are_false() -> None:
    rows, new = moved()
    plain = replay(learnt().model, new, rows, new_wish=Thresholds(0.5))
    assert plain.new.rate is not None
    assert plain.new.rate.true >= 1
    assert plain.new.rate.false == plain.new.events - plain.new.rate.true > 0
    assert plain.new.rate.hours is not None


def test_verdicts_say_which_events_are_false_and_say_nothing_of_the_others() -> None:
    rows, new = moved()
    judged = new.detect(rows.frame)
    truth = Truth(true=np.zeros(len(judged.flags), np.bool_), false=judged.event_ids == 1)
    found = replay(new, new, rows, new_wish=Thresholds(0.5), truth=truth)
    assert found.old.rate is not None
    assert found.new.rate is not None
    assert (found.old.rate.false, found.old.rate.true, found.old.rate.unjudged) == (1, 0, 0)
    assert found.new.rate.false >= 1
    assert found.new.rate.unjudged > 0


def test_an_event_that_touches_a_true_and_a_false_row_is_true() -> None:
    rows, new = moved()
    found = new.detect(rows.frame)
    inside = np.flatnonzero(found.event_ids == 1)
    half = [np.isin(np.arange(len(found.flags)), part) for part in np.array_split(inside, 2)]
    side = replay(new, new, rows, truth=Truth(half[0], half[1])).new
    assert side.rate is not None
    assert (side.rate.true, side.rate.false, side.rate.unjudged) == (1, 0, 0)


def test_without_labels_and_verdicts_there_is_no_rate() -> None:
    rows = table(moved()[0].frame.drop(columns="bad"))
    assert Truth.of_labels(rows) is None
    assert replay(learnt().model, learnt().model, rows).old.rate is None


def test_a_replay_is_described_as_json() -> None:
    said = replayed().to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["new"]["digest"] == moved()[1].digest
