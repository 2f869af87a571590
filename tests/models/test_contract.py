"""What every detector promises of learning and scoring, checked for each of them on each kind of table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import waferwatch
from tests.models.frames import KINDS, Case, case
from waferwatch.models.registry import create, detector_names, reads_steps
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import fit_series
from waferwatch.series.split import split
from waferwatch.settings import current_settings

# Numba takes longer than all the others; the baselines that read steps differ in their scorer alone.
LEFT_OUT = ("matrix_profile", "isolation_forest_steps", "squared_difference_steps")
NAMES = [name for name in detector_names() if name not in LEFT_OUT]
ENSEMBLES = ("moment", "moment_only", "statistical")


def kinds_for(name: str) -> tuple[str, ...]:
    """What the others do with one sensor, or with runs, is what they do with several and with steps."""
    if name in ENSEMBLES:
        return KINDS
    return KINDS[2:3] if reads_steps(name) else KINDS[1:3]


EVERY = [(name, kind) for name in NAMES for kind in kinds_for(name)]
CLOSE = 1e-4
CUT = 200  # rows that are cut off a file
# Rows of each push: single ones, few, and what comes at once after a pause of the line, each after each other.
SMALL = (*(1,) * 8, *(7,) * 5, 50, 1, 1, 7, 7, 60, 7, 1, 1, 24)

Floats = NDArray[np.float64]


@cache
def fitted(name: str, kind: str) -> Model:
    data = case(kind)
    return waferwatch.fit(data.normal, detector=name, **data.options)


@cache
def whole(name: str, kind: str) -> Detection:
    return fitted(name, kind).detect(case(kind).scored)


@pytest.fixture(params=EVERY, ids=lambda both: f"{both[0]}-{both[1].replace(' ', '_')}")
def both(request: pytest.FixtureRequest) -> tuple[str, str]:
    name, kind = request.param
    return str(name), str(kind)


def far_from(data: Case, changed: NDArray[np.bool_], model: Model) -> NDArray[np.bool_]:
    """Rows that no changed row may touch: farther than context behind, and farther than delay before each."""
    found = ~changed
    frame = data.scored
    if "cycle" in frame:  # runs that know nothing of one another
        return ~frame["cycle"].isin(set(frame["cycle"][changed])).to_numpy()
    by_equipment = frame.groupby("equipment").indices if "equipment" in frame else {"": np.arange(len(frame))}
    for rows in by_equipment.values():
        at = np.flatnonzero(changed[rows])
        for first, last in ((at.min(), at.max()),) if len(at) else ():
            place = np.arange(len(rows))
            found[rows[(place <= last + model.context) & (place >= first - model.delay)]] = False
    if "wafer" in frame:  # a wafer that lost its first rows begins anew
        wafers = pd.MultiIndex.from_frame(frame[["equipment", "lot", "wafer"]])
        found &= ~wafers.isin(wafers[changed])
    return found


def assert_close(found: Floats, expected: Floats) -> None:
    assert len(found)
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)


def test_detect_is_fit_and_model_detect(both: tuple[str, str]) -> None:
    name, kind = both
    data = case(kind)
    found = waferwatch.detect(data.scored, reference=data.normal, detector=name, **data.options)
    assert_close(found.scores, whole(name, kind).scores)
    assert found.threshold == pytest.approx(whole(name, kind).threshold)
    assert found.model_digest == fitted(name, kind).digest


def test_rows_that_come_far_later_change_nothing(both: tuple[str, str]) -> None:
    name, kind = both
    data, model = case(kind), fitted(name, kind)
    later = data.scored.copy()
    later["t"] += data.scored["t"].iloc[-1] - data.scored["t"].iloc[0] + pd.Timedelta(days=2)
    for column in ("cycle", "lot"):
        if column in later:
            later[column] = "later " + later[column]
    later[model.features[0]] = later[model.features[0]] * 3 + 7
    found = model.detect(pd.concat([data.scored, later], ignore_index=True))
    assert_close(found.scores[: len(data.scored)], whole(name, kind).scores)


@pytest.mark.parametrize("end", ["start", "end"])
def test_a_file_that_is_cut_has_the_same_scores_beyond_the_reach_of_the_cut(both: tuple[str, str], end: str) -> None:
    name, kind = both
    data, model = case(kind), fitted(name, kind)
    kept = slice(CUT, None) if end == "start" else slice(None, len(data.scored) - CUT)
    changed = np.ones(len(data.scored), np.bool_)
    changed[kept] = False
    same = far_from(data, changed, model)
    assert same.sum() > 50
    found = model.detect(data.scored[kept])
    assert_close(found.scores[same[kept]], whole(name, kind).scores[same])


def test_a_changed_row_is_seen_no_farther_than_the_model_says(both: tuple[str, str]) -> None:
    name, kind = both
    data, model = case(kind), fitted(name, kind)
    frame = data.scored.copy()
    changed = np.zeros(len(frame), np.bool_)
    changed[:10] = True
    frame.loc[changed, model.features] = frame.loc[changed, model.features] * 5 + 40
    same = far_from(data, changed, model)
    assert same.sum() > 50
    assert_close(model.detect(frame).scores[same], whole(name, kind).scores[same])


@pytest.mark.parametrize("name", NAMES)
def test_another_order_of_the_equipment_changes_nothing(name: str) -> None:
    data, model = case("recipe steps"), fitted(name, "recipe steps")
    order = np.argsort(data.scored["equipment"].to_numpy() == data.scored["equipment"].iloc[0], kind="stable")
    found = model.detect(data.scored.iloc[order])
    assert_close(found.scores, whole(name, "recipe steps").scores[order])


def test_inputs_are_not_changed(both: tuple[str, str]) -> None:
    name, kind = both
    data, before = case(kind), case.__wrapped__(kind)
    fitted(name, kind), whole(name, kind)
    pd.testing.assert_frame_equal(data.normal, before.normal)
    pd.testing.assert_frame_equal(data.scored, before.scored)


def test_contributions_add_up_to_the_score_and_faults_stand_out(both: tuple[str, str]) -> None:
    found = whole(*both)
    judged = ~np.isnan(found.scores)
    assert judged.mean() > 0.3  # a run shorter than the windows of sub_pca is not scored
    total = found.contributions[judged].sum(axis=1)
    np.testing.assert_allclose(total, np.maximum(found.scores[judged], 0), rtol=1e-3, atol=1e-3)
    assert (found.contributions[judged] >= 0).all()
    assert np.isfinite(found.scores[judged]).all()


def streamed(model: Model, frame: pd.DataFrame, blocks: Sequence[int]) -> tuple[Floats, Floats]:
    """Settled scores of every row, and early ones.

    Args:
        blocks: rows of each push, all rows of the frame together.
    """
    stream, settled, early = model.stream(), np.full(len(frame), np.nan), []
    answers = []
    ends = np.cumsum(blocks)
    assert ends[-1] >= len(frame)
    for start, end in zip(ends - blocks, ends, strict=True):
        answer = stream.push(frame[start:end])
        assert len(answer.early) == len(frame[start:end])
        early.append(answer.early)
        answers.append(answer)
    answers.append(stream.finish())
    rows = np.concatenate([one.settled_rows for one in answers])
    assert sorted(rows.tolist()) == list(range(len(frame)))
    settled[rows] = np.concatenate([one.settled for one in answers])
    return settled, np.concatenate(early)


def test_a_stream_in_blocks_of_500_settles_on_the_scores_of_the_file(both: tuple[str, str]) -> None:
    name, kind = both
    model = fitted(name, kind)
    beyond = 2 * (model.context + model.delay) + 3000  # of two equipment that take turns, far more than reach one row
    frame = case(kind).scored[:beyond]
    blocks = [500] * -(-len(frame) // 500)
    assert_close(streamed(model, frame, blocks)[0], model.detect(frame).scores)


def test_a_stream_in_small_blocks_settles_on_the_scores_of_the_file(both: tuple[str, str]) -> None:
    name, kind = both
    frame = case(kind).scored[: sum(SMALL)]
    assert_close(streamed(fitted(name, kind), frame, SMALL)[0], fitted(name, kind).detect(frame).scores)


def test_a_model_that_was_saved_and_loaded_gives_the_same(both: tuple[str, str], tmp_path: Path) -> None:
    name, kind = both
    fitted(name, kind).save(tmp_path / "model")
    model = waferwatch.load(tmp_path / "model")
    assert model.digest == fitted(name, kind).digest
    np.testing.assert_array_equal(model.detect(case(kind).scored).scores, whole(name, kind).scores)
    with np.load(tmp_path / "model" / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[one].dtype.kind in "fiubU" for one in arrays.files)
    assert sorted(one.name for one in (tmp_path / "model").iterdir()) == ["arrays.npz", "model.json"]


@pytest.mark.parametrize("name", NAMES)
def test_one_and_two_threads_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = case("several sensors")
    reference = split(table_from_frame(data.normal, name="the reference")).series
    series = split(table_from_frame(data.scored, name="the frame")).series
    found = []
    for threads in (1, 2):
        monkeypatch.setenv("WAFERWATCH_THREADS", str(threads))
        current_settings.cache_clear()
        detector = create(name, threads=threads)
        found.append(fit_series(detector, reference).score(series, detector)[0])
    current_settings.cache_clear()
    np.testing.assert_array_equal(found[0].points, found[1].points)
    np.testing.assert_array_equal(found[0].contributions, found[1].contributions)
