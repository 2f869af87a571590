import numpy as np

from waferwatch.detectors.moment.bank import MOST_TOKENS, Bank, fill


def tokens(rng, windows, centre=0.0):
    return rng.normal(centre, 1, (windows, 64, 16)).astype(np.float32)


def test_tokens_like_the_bank_are_near_and_others_far():
    rng = np.random.default_rng(0)
    normal = tokens(rng, 8)
    bank = fill(normal, np.ones((8, 64), np.float32), np.zeros(8, np.int64), 1)
    near = bank.distance(tokens(rng, 4), np.zeros(4, np.int64))
    far = bank.distance(tokens(rng, 4, centre=5), np.zeros(4, np.int64))
    assert far.min() > near.max()


def test_a_sensor_is_compared_with_its_own_tokens_only():
    rng = np.random.default_rng(1)
    both = np.concatenate([tokens(rng, 8), tokens(rng, 8, centre=9)])
    sensor = np.repeat([0, 1], 8)
    bank = fill(both, np.ones((16, 64), np.float32), sensor, 2)
    found = bank.distance(both, sensor)
    swapped = bank.distance(both, 1 - sensor)
    assert swapped.min() > found.max()
    np.testing.assert_array_equal(bank.of(slice(1, 2)).distance(both[8:], np.zeros(8, np.int64)), found[8:])


def test_distances_are_those_of_a_plain_computation():
    rng = np.random.default_rng(2)
    bank = Bank((rng.normal(size=(30, 16)).astype(np.float32),))
    asked = tokens(rng, 2)
    found = bank.distance(asked, np.zeros(2, np.int64))
    every = np.linalg.norm(asked.reshape(-1, 1, 16) - bank.tokens[0], axis=2)
    np.testing.assert_allclose(found.ravel(), np.sort(every, axis=1)[:, 1:4].mean(axis=1), rtol=1e-3)


def test_the_bank_is_bounded_repeatable_and_holds_no_unobserved_patch():
    rng = np.random.default_rng(3)
    many = tokens(rng, 40)
    observed = np.ones((40, 64), np.float32)
    observed[:, ::2] = 0
    many[:, ::2] = 1e6
    sensor = np.zeros(40, np.int64)
    bank = fill(many, observed, sensor, 1)
    assert len(bank.tokens[0]) == MOST_TOKENS
    assert bank.tokens[0].max() < 1e3
    np.testing.assert_array_equal(bank.tokens[0], fill(many, observed, sensor, 1).tokens[0])


def test_a_sensor_that_was_never_observed_gives_nan():
    rng = np.random.default_rng(4)
    bank = fill(tokens(rng, 2), np.ones((2, 64), np.float32), np.zeros(2, np.int64), 2)
    assert np.isnan(bank.distance(tokens(rng, 1), np.ones(1, np.int64))).all()
