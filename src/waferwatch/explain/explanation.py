"""Everything that is said of one event on one screen, except for what engineers said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.explain.course import ExpectedCourse, course
from waferwatch.explain.nearest import MOST_SENSORS as MOST_COMPARED
from waferwatch.explain.nearest import Nearest, find_nearest
from waferwatch.explain.scene import Scene
from waferwatch.explain.sensors import Farthest, SensorPart, farthest, sensor_parts, shares
from waferwatch.explain.sisters import Sisters, find_sisters
from waferwatch.explain.spot import Spot, spot_of

MOST_SENSORS = 4  # whose course is drawn, those with the highest shares ...
_LEAST_SHARE = 0.05  # ... that carry at least so much of the event


@dataclass(frozen=True)
class Certainty:
    """How sure the detector is of an event, compared with all others."""

    peak_score: float
    threshold: float
    higher_share: float  # of all judged rows, those that score at least as high as the peak
    rank: int  # among the run's events by peak score, 1 = highest
    events: int


@dataclass(frozen=True)
class Explanation:
    """What is known of one event."""

    spot: Spot
    certainty: Certainty
    ranking: list[SensorPart]  # every sensor, highest share first
    sensors: list[str]  # whose course is shown
    course: ExpectedCourse  # of ``sensors``
    farthest: list[Farthest | None]  # of ``sensors``
    nearest: Nearest | None  # compares the first ``compared`` of ``sensors``
    compared: int
    sisters: Sisters


def explain(scene: Scene, number: int, *, moment: bool = False) -> Explanation:
    """Explain an event.

    Args:
        moment: report what MOMENT expected too, which takes longer.

    Raises:
        NotFoundError: when the detection has no such event.
    """
    spot = spot_of(scene, number)
    ranked = shares(scene, spot)
    shown = [sensor for sensor, share in ranked[:MOST_SENSORS] if share >= _LEAST_SHARE] or [ranked[0][0]]
    along = course(scene, spot, shown, moment=moment)
    return Explanation(
        spot=spot,
        certainty=_certainty(scene, spot),
        ranking=sensor_parts(scene, spot, ranked, shown, along),
        sensors=shown,
        course=along,
        farthest=farthest(scene, spot, shown, along),
        nearest=find_nearest(scene, spot, shown[:MOST_COMPARED]),
        compared=len(shown[:MOST_COMPARED]),
        sisters=find_sisters(scene, spot),
    )


def _certainty(scene: Scene, spot: Spot) -> Certainty:
    scores, peak = scene.found.scores, spot.event.peak_score
    judged = np.isfinite(scores)
    peaks = np.array([event.peak_score for event in scene.found.events])
    return Certainty(
        peak_score=peak,
        threshold=scene.found.threshold,
        higher_share=float((scores[judged] >= peak).mean()),
        rank=int((peaks > peak).sum()) + 1,
        events=len(peaks),
    )
