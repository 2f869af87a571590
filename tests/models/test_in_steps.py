"""Baselines that read rows by their recipe steps, as the default detector does."""

from __future__ import annotations

import numpy as np
import pytest

import waferwatch
from tests.models.frames import case
from waferwatch.evaluate.metrics import auc_pr


@pytest.mark.parametrize("name", ["pca", "isolation_forest"])
def test_a_baseline_that_knows_the_steps_finds_more_of_the_virtual_fab(name: str) -> None:
    fab = waferwatch.generate(8_000, equipment=1, seed=5)
    rows = fab.drop(columns=["anomaly", "fault_kind"])
    plain, fair = (waferwatch.detect(rows, detector=one) for one in (name, f"{name}_steps"))
    assert auc_pr(fab["anomaly"], fair.scores) > auc_pr(fab["anomaly"], plain.scores) + 0.1
    assert "step-normalised" in fair.model
    assert "step-normalised" not in plain.model


def test_without_steps_it_is_the_plain_baseline() -> None:
    data = case("several sensors")
    plain, fair = (waferwatch.detect(data.scored, reference=data.normal, detector=one) for one in ("pca", "pca_steps"))
    np.testing.assert_array_equal(plain.scores, fair.scores)


def test_rows_of_a_step_that_was_never_seen_are_not_judged() -> None:
    data = case("recipe steps")
    model = waferwatch.fit(data.normal, detector="pca_steps")
    frame = data.scored.copy()
    new = np.arange(len(frame)) > len(frame) - 100
    frame["step"] = frame["step"].astype(str).where(~new, "never seen")
    scores = model.detect(frame).scores
    assert np.isnan(scores[new]).all()
    assert not np.isnan(scores[~new]).any()
