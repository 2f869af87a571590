"""Distances to the nearest normal rows."""

import numpy as np
import pytest

from waferwatch.detectors.neighbours import ROWS_AT_ONCE, Bank, Place, choose


def place(count):
    return Place(np.zeros(count, np.int64), np.arange(count, dtype=float))


def test_the_distance_is_the_root_mean_square_of_the_three_nearest():
    bank = Bank(np.array([[0], [1], [2], [100]], np.float32), place(4))
    assert bank.distance(np.array([[0]], np.float32))[0] == pytest.approx(np.sqrt((0 + 1 + 4) / 3))


def test_blocks_make_no_difference():
    rng = np.random.default_rng(0)
    bank = Bank(rng.normal(size=(50, 4)).astype(np.float32), place(50))
    rows = rng.normal(size=(2 * ROWS_AT_ONCE + 5, 4)).astype(np.float32)
    np.testing.assert_allclose(bank.distance(rows)[-3:], bank.distance(rows[-3:]), rtol=1e-4)


def test_a_row_of_the_reference_is_not_its_own_neighbour():
    rows = np.arange(10, dtype=np.float32)[:, None]
    bank = choose(rows, place(10), 10)
    assert (bank.distance(rows, place(10), apart=1) >= 1).all()
    elsewhere = Place(np.ones(10, np.int64), np.arange(10.0))
    assert (bank.distance(rows, elsewhere, apart=1) < bank.distance(rows, place(10), apart=1)).all()


def test_nothing_near_enough_to_ask_is_nan():
    rows = np.zeros((3, 1), np.float32)
    assert np.isnan(choose(rows, place(3), 3).distance(rows, place(3), apart=10)).all()
    assert np.isnan(Bank(rows[:0], place(0)).distance(rows)).all()
