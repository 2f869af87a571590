"""References too short for some features: these say nothing, instead of flagging all that comes later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.ensemble.detector import StreamPart
from waferwatch.models.ensemble.features.place_embeddings import KINDS
from waferwatch.models.ensemble.vote import learn_votes
from waferwatch.models.moment.encoder import Encoder
from waferwatch.scoring.model import Model

LATER = 1500


def wandering(rows: int, sensors: int, seed: int = 0) -> pd.DataFrame:
    """Sensors that follow what they were a row before, each on its own."""
    values = np.random.default_rng(seed).normal(size=(rows, sensors))
    for row in range(1, rows):
        values[row] += 0.9 * values[row - 1]
    return pd.DataFrame(values, columns=[f"s{number}" for number in range(sensors)]).assign(
        t=pd.date_range("2026-01-05", periods=rows, freq="s")
    )


def stream_part(model: Model) -> StreamPart:
    (part,) = model.fitted.parts.values()
    assert isinstance(part, StreamPart)
    return part


@pytest.mark.parametrize(
    ("known", "sensors", "detector"),
    [(500, 1, "moment"), (300, 1, "statistical"), (300, 4, "moment"), (500, 8, "moment")],
)
def test_later_rows_like_those_known_are_not_flagged(known: int, sensors: int, detector: str) -> None:
    found = waferwatch.detect(wandering(known + LATER, sensors), reference_rows=known, detector=detector)
    assert found.flags[known:].mean() < 0.02


@pytest.mark.parametrize(("sensors", "off"), [(1, 12.0), (4, 12.0)])
def test_a_plain_fault_is_still_found(sensors: int, off: float) -> None:
    frame = wandering(500 + LATER, sensors)
    frame.loc[1200:1219, "s0"] += off
    assert waferwatch.detect(frame, reference_rows=500).flags[1200:1220].any()


def test_a_feature_without_any_left_out_distance_has_no_vote() -> None:
    votes = learn_votes({"known": np.arange(9.0), "unknown": np.full(9, np.nan)}, 10.0)
    assert list(votes) == ["known"]


def test_moment_features_that_know_a_short_reference_by_heart_do_not_count() -> None:
    def kinds(rows: int) -> list[str]:
        several = stream_part(waferwatch.fit(wandering(rows, 4), detector="moment")).several
        assert several is not None
        assert several.embeddings is not None
        counted = several.embeddings.kinds
        assert counted is not None
        return [KINDS[number][1] for number in counted]

    assert kinds(500) == ["residual"]
    assert kinds(6000) == [kind for _, kind in KINDS]


@pytest.mark.parametrize("steps", [False, True])
def test_rows_too_few_to_leave_any_out_are_read_without_fault(steps: bool) -> None:
    frame = wandering(60, 3)
    if steps:
        frame["step"] = np.where(np.arange(60) % 20 < 10, "ramp", "main")
    scores = waferwatch.detect(frame, reference_rows=40, detector="statistical").scores
    assert len(scores) == 60


def test_a_rare_command_beside_a_constant_sensor_hides_no_fault() -> None:
    rows = np.arange(4000)
    frame = pd.DataFrame({"t": pd.date_range("2026-01-05", periods=4000, freq="s"), "sensor": 1.0})
    frame["often"] = (rows % 50 < 5).astype(float)
    frame["rarely"] = (np.abs(rows - 300) < 3).astype(float)
    frame.loc[3000:3020, "sensor"] = 1.003
    found = waferwatch.detect(frame, reference_rows=2000, detector="statistical")
    assert found.scores[3000:3020].min() > np.nanmax(found.scores[:2000])
    assert found.flags[3000:3020].all()


def test_no_row_of_a_reference_that_never_moves_is_less_usual_than_another() -> None:
    """A window of the network has 512 points: of so few rows each block has places of it for its own."""
    one = stream_part(waferwatch.fit(pd.DataFrame({"x": np.zeros(530)}), features=["x"], detector="moment_only")).one

    assert one is not None
    assert {name for name, vote in one.votes.items() if vote.spread > 1e-3} <= {"fault x1", "fault x8"}


def test_a_model_of_before_reads_tokens_with_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    for sensors in (1, 3):
        model = waferwatch.fit(wandering(700, sensors), detector="moment")
        part = stream_part(model)
        known = part.one or (part.several and part.several.embeddings)
        assert known is not None
        assert known.without_places
        object.__setattr__(known, "without_places", None)  # as it is read from a file of before

        with monkeypatch.context() as patch:
            patch.delattr(Encoder, "without_places")
            assert np.isfinite(model.detect(wandering(700, sensors, seed=1)).scores).all()
