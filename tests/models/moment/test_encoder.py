from __future__ import annotations

import numpy as np
import pytest

from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.models.moment.detector import MomentDetector
from waferwatch.models.moment.encoder import Encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return MomentDetector(device="cpu", threads=1).encoder


def series(values: np.ndarray) -> Columns:
    return Columns(values[None].astype(np.float32), np.ones((1, len(values)), np.bool_))


def share_by_place(tokens: np.ndarray) -> float:
    """What part of the variance of tokens (W, N, D) their place in the window explains."""
    off = tokens - tokens.mean(axis=(0, 1))
    return float(len(off) * np.square(off.mean(axis=0)).sum() / np.square(off).sum())


def test_what_never_moves_says_nothing_once_places_are_taken_off(encoder: Encoder) -> None:
    flat = series(np.zeros(1300))

    assert np.abs(encoder.embed(flat, lambda: None).tokens).max() > 0.1
    np.testing.assert_allclose(encoder.without_places().embed(flat, lambda: None).tokens, 0, atol=1e-4)


def test_the_place_in_a_window_explains_less_of_the_tokens_once_it_is_taken_off(encoder: Encoder) -> None:
    slow = series(np.sin(np.arange(40_000) / 37.0))

    with_places = share_by_place(encoder.embed(slow, lambda: None).tokens[0])
    without = share_by_place(encoder.without_places().embed(slow, lambda: None).tokens[0])

    assert without < with_places / 2
