import subprocess
import sys

import pytest

import waferwatch


def test_every_name_that_is_offered_can_be_had():
    for name in waferwatch.__all__:
        assert getattr(waferwatch, name) is not None
    assert set(waferwatch.__all__) <= set(dir(waferwatch))


def test_a_name_that_is_not_offered_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = waferwatch.nonsense


@pytest.mark.parametrize("first", ["models.registry", "scoring.run", "api", "cli"])
def test_the_functions_stay_functions_whatever_was_imported_first(first):
    program = f"import waferwatch.{first}, waferwatch; print(callable(waferwatch.detect), callable(waferwatch.compare))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True"]


def test_one_column_may_be_named_by_plain_text():
    frame = waferwatch.generate(600, equipment=2, seed=1)
    result = waferwatch.detect(frame, features="pressure_mTorr", group="equipment", detector="squared_difference")
    assert result.features == ["pressure_mTorr"]
    assert result.contributions.shape == (600, 1)
