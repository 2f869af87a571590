import numpy as np
import pytest

from train.batches import BatchRecipe, make_batch
from train.corpus import FAMILIES, clean_window
from train.faults import FAULTS, cycle, inject


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_family_gives_finite_windows_of_the_asked_length_that_move(family):
    rng = np.random.default_rng(0)
    windows = [family(rng, 512) for _ in range(20)]
    assert all(window.shape == (512,) and np.isfinite(window).all() for window in windows)
    assert np.mean([window.std() > 0 for window in windows]) > 0.8


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_changes_its_stretch_and_leaves_the_window_it_was_given_alone(fault):
    rng = np.random.default_rng(1)
    changed = 0
    for _ in range(20):
        window, donor = clean_window(rng, 512), clean_window(rng, 512)
        before = window.copy()
        stretch = fault(rng, window, 100, 160, donor)
        assert stretch.shape == (60,)
        assert np.isfinite(stretch).all()
        np.testing.assert_array_equal(window, before)
        changed += not np.allclose(stretch, window[100:160])
    assert changed > 10


def test_points_outside_the_labels_are_changed_by_less_than_can_be_seen():
    rng = np.random.default_rng(2)
    for _ in range(50):
        clean, donor = clean_window(rng, 512), clean_window(rng, 512)
        faulty, label = inject(rng, clean, donor, first=128)
        assert np.abs(faulty - clean)[~label].max(initial=0) < 0.5 * clean.std() + 1e-6
        np.testing.assert_array_equal(faulty[:128], clean[:128])
        assert not label[:128].any()


def test_a_batch_is_a_function_of_seed_and_number():
    recipe = BatchRecipe(windows=8)
    first, again, other = make_batch(3, 5, recipe), make_batch(3, 5, recipe), make_batch(3, 6, recipe)
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.visible, again.visible)
    assert not np.array_equal(first.x, other.x)


def test_a_batch_shows_nothing_in_its_padding_and_targets_differ_from_inputs_only_at_faults():
    batch = make_batch(4, 0, BatchRecipe(windows=64, padded_share=1.0))
    seen = np.repeat(batch.observed, 8, axis=1) > 0
    assert (batch.x[~seen] == 0).all()
    assert (batch.label[~seen] == 0).all()
    difference = np.abs(batch.x - batch.target)
    assert np.median(difference[batch.label > 0]) > 10 * difference[batch.label == 0].mean()


def test_windows_of_a_group_are_cut_from_one_series_at_one_scale():
    recipe = BatchRecipe(windows=32, masked_share=0, padded_share=0, faulty_share=0, reference_share=1)
    batch = make_batch(5, 0, recipe)
    spreads = batch.x.std(axis=1).reshape(-1, recipe.group)
    within = np.log(spreads + 1e-3).std(axis=1).mean()
    assert within < 0.5 * np.log(spreads + 1e-3).std()
    assert np.abs(batch.x.mean(axis=1)).max() < 0.1


def test_a_group_s_size_and_the_length_of_its_series_can_be_chosen():
    batch = make_batch(6, 0, BatchRecipe(windows=6, group=3, series_points=700))
    assert batch.x.shape == (6, 512)


def test_the_length_of_a_cycle_is_found_and_noise_has_none():
    time = np.arange(512)
    assert cycle(np.sin(2 * np.pi * time / 50)) == pytest.approx(50, abs=1)
    assert cycle(np.random.default_rng(0).normal(size=512)) == 0
    assert cycle(np.zeros(512)) == 0


def test_clean_stretches_are_standardised_whatever_marks_they_bear():
    rng = np.random.default_rng(7)
    for _ in range(100):
        window = clean_window(rng, 2048)
        assert window.shape == (2048,)
        assert np.isfinite(window).all()
        assert abs(window.mean()) < 1e-6
        assert window.std() == pytest.approx(1, abs=1e-6) or not window.any()
