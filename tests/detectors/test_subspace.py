"""Principal components, and the distances from them."""

import numpy as np
import pytest

from waferwatch.detectors.subspace import COMPONENTS, moments, subspace


def rows(count, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, 20)) * np.linspace(5, 0.1, 20)).astype(np.float32)


def test_moments_add_up():
    whole, parts = rows(600), [rows(600)[:100], rows(600)[100:]]
    one, other = subspace([moments(whole)]), subspace([moments(part) for part in parts])
    np.testing.assert_allclose(one.spread, other.spread, rtol=1e-4)


def test_what_leaves_the_components_shows_in_the_residual_and_what_goes_far_along_them_inside():
    space = subspace([moments(rows(2000))])
    off, far = np.zeros((2, 1, 20), np.float32)
    off[0, -1], far[0, 0] = 30, 100
    normal = space.distances(rows(200, seed=1))
    assert space.distances(off)["residual"][0] > 2 * np.quantile(normal["residual"], 0.99)
    assert space.distances(far)["inside"][0] > 2 * np.quantile(normal["inside"], 0.99)
    assert space.distances(off)["spread"][0] > normal["spread"].max()


def test_normal_rows_lie_at_the_usual_distances():
    normal = subspace([moments(rows(5000))]).distances(rows(5000, seed=2))
    assert np.square(normal["inside"]).mean() == pytest.approx(COMPONENTS, rel=0.05)


def test_constant_rows_divide_by_no_zero():
    space = subspace([moments(np.ones((50, 20), np.float32))])
    assert all(np.isfinite(distance).all() for distance in space.distances(rows(5)).values())
