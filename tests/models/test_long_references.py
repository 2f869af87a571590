"""Several sensors with a long reference: it has shown what MOMENT stands in for when a reference is short."""

from __future__ import annotations

import numpy as np
import pytest

import waferwatch
from tests.models.frames import stream
from waferwatch.models.ensemble.features.place_embeddings import LONG_REFERENCE
from waferwatch.models.registry import create
from waferwatch.scoring.model import Model

SENTENCE = "The network of {detector} was not run: with references of several sensors as long as these"


def fitted(rows: int, sensors: int = 2, detector: str = "moment") -> Model:
    return waferwatch.fit(stream(rows, sensors), detector=detector)


def says_so(model: Model) -> bool:
    return any(note.template.startswith(SENTENCE) for note in model.notes)


@pytest.mark.parametrize(("rows", "run"), [(LONG_REFERENCE, True), (LONG_REFERENCE + 1, False)])
def test_the_network_takes_part_until_the_reference_is_long_and_the_model_says_when_it_does_not(
    rows: int, run: bool
) -> None:
    model = fitted(rows)
    method = create("moment")
    assert any(method.uses_network(part) for part in model.fitted.parts.values()) is run
    assert says_so(model) is not run


def test_without_it_moment_scores_as_the_detector_without_a_network() -> None:
    later = stream(3000, 2, seed=1)
    scores = [fitted(LONG_REFERENCE + 1, detector=name).detect(later).scores for name in ("moment", "statistical")]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize(("sensors", "detector"), [(1, "moment"), (2, "moment_only")])
def test_one_sensor_and_the_network_alone_are_read_by_it_however_long_the_reference_is(
    sensors: int, detector: str
) -> None:
    model = fitted(LONG_REFERENCE + 1, sensors, detector)
    method = create(detector)
    assert all(method.uses_network(part) for part in model.fitted.parts.values())
    assert not says_so(model)
