"""Detectors by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.models.registry import create, detector_names


def test_moment_comes_first_and_the_baselines_follow() -> None:
    names = detector_names()
    assert names[:3] == ["moment", "moment_only", "statistical"]
    assert {"isolation_forest", "moving_variance", "squared_difference"} < set(names)


@pytest.mark.parametrize("name", [name for name in detector_names() if not name.startswith("moment")])
def test_a_detector_is_created_by_the_name_it_carries(name: str) -> None:
    assert create(name, device="cuda", threads=1).name == name


def test_each_call_creates_a_detector_of_its_own() -> None:
    assert create("moving_variance") is not create("moving_variance")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError) as caught:
        create("iforest")
    assert "iforest" in caught.value.message()
    assert all(name in caught.value.hint() for name in detector_names())


def test_a_checkpoint_for_a_detector_without_weights_is_refused_rather_than_ignored() -> None:
    with pytest.raises(InputError, match="isolation_forest has no weights") as caught:
        create("isolation_forest", checkpoint="MOMENT-1-small")
    assert caught.value.field == "checkpoint"


def test_asking_for_the_names_imports_no_detector() -> None:
    program = (
        "import sys; from waferwatch.models.registry import detector_names; detector_names(); "
        "heavy = {'sklearn', 'onnxruntime', 'torch'} & set(sys.modules); sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
