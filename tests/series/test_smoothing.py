import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from waferwatch.series.smoothing import moving_mean

VALUES = arrays(
    np.float64, st.tuples(st.integers(1, 60), st.integers(1, 2)), elements=st.floats(-1e3, 1e3) | st.just(np.nan)
)


@given(VALUES, st.integers(1, 40))
def test_the_moving_mean_is_the_mean_of_what_is_there(values, points):
    found = moving_mean(values, points)
    for position in range(len(values)):
        first = max(0, position - points // 2)
        window = values[first : position + points - points // 2]
        for sensor, column in enumerate(window.T):
            known = column[~np.isnan(column)]
            expected = known.mean() if len(known) else np.nan
            np.testing.assert_allclose(found[position, sensor], expected, atol=1e-6)


def test_the_type_is_kept():
    assert moving_mean(np.ones((5, 1), np.float32), 3).dtype == np.float32
