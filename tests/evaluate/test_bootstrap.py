"""The paired bootstrap over blocks, and VUS-PR of its draws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from waferwatch.evaluate import vus_draws as drawn
from waferwatch.evaluate.bootstrap import Interval, block_weights
from waferwatch.evaluate.vus import vus_pr
from waferwatch.evaluate.vus_draws import vus_draws

WINDOW = 20


@pytest.fixture(scope="module")
def rows() -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]:
    """Labels, scores and blocks of 4,000 points with twelve faults."""
    rng = np.random.default_rng(1)
    labels = np.zeros(4_000, np.bool_)
    for start in range(100, 4_000, 330):
        labels[start : start + 25] = True
    return labels, rng.normal(size=4_000) + 2.0 * labels, np.arange(4_000) // 110


def test_with_every_block_once_it_is_vus_pr(
    rows: tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, scores, blocks = rows
    once = np.ones((1, blocks.max() + 1))
    exact = vus_pr(labels, scores, WINDOW)
    assert vus_draws(labels, scores, WINDOW, blocks, once)[0] == pytest.approx(exact, abs=0.005)
    monkeypatch.setattr(drawn, "WIDTHS", WINDOW + 1)
    assert vus_draws(labels, scores, WINDOW, blocks, once)[0] == pytest.approx(exact)


def test_a_draw_is_the_data_made_of_its_blocks(
    rows: tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]],
) -> None:
    labels, scores, blocks = rows
    weights = block_weights(np.bincount(blocks, labels) > 0, draws=5)
    expected = []
    for draw in weights.astype(int):
        points = np.concatenate([np.tile(np.flatnonzero(blocks == number), times) for number, times in enumerate(draw)])
        expected.append(vus_pr(labels[points], scores[points], WINDOW))
    assert vus_draws(labels, scores, WINDOW, blocks, weights) == pytest.approx(expected, abs=0.03)


def test_every_draw_has_as_many_faulty_blocks_as_the_data_and_the_seed_fixes_it() -> None:
    faulty = np.arange(30) < 7
    weights = block_weights(faulty)
    assert (weights[:, faulty].sum(axis=1) == 7).all()
    assert (weights.sum(axis=1) == 30).all()
    np.testing.assert_array_equal(weights, block_weights(faulty))


def test_the_interval_of_a_mean_is_about_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(2).normal(size=100)
    weights = block_weights(np.zeros(100, np.bool_))
    found = Interval.of(float(values.mean()), weights @ values / 100)
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.1)


def test_without_a_labelled_point_there_is_no_interval() -> None:
    draws = vus_draws(np.zeros(50, np.bool_), np.arange(50.0), WINDOW, np.arange(50) // 10, np.ones((3, 5)))
    assert np.isnan(draws).all()
    assert Interval.of(0.5, draws) is None
