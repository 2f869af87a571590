"""A small fab with known faults, and detections of it made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from waferwatch.events.build import build_events
from waferwatch.explain.scene import Scene, SceneLayout, lay_out, set_scene
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.series.split import split

PERIOD = 40  # rows of one pass of the recipe: 10 of ramp, 30 of hold
POINTS = 1200  # rows of one equipment


def fab(equipment: int = 3, points: int = POINTS, *, steps: bool = True, start_s: Sequence[int] = ()) -> pd.DataFrame:
    """Equipment that run the same recipe: pressure and flow follow its steps, temp is noise.

    Args:
        start_s: seconds after midnight at which each equipment begins; 0 by default.
    """
    frames = []
    for number in range(equipment):
        rng = np.random.default_rng(number)
        at = np.arange(points)
        phase = at % PERIOD
        hold = phase >= 10
        begin = pd.Timestamp("2026-03-01") + pd.Timedelta(seconds=start_s[number] if start_s else 0)
        columns: dict[str, object] = {
            "time": begin + pd.to_timedelta(at, unit="s"),
            "equipment": f"E{number + 1}",
            "pressure": np.where(hold, 50 + np.sin(phase / 3), phase * 5) + rng.normal(0, 0.2, points),
            "flow": np.where(hold, 20, 5) + rng.normal(0, 0.1, points),
            "temp": 300 + rng.normal(0, 1, points),
        }
        if steps:
            columns |= {"recipe": np.where(at // PERIOD % 2, "B", "A"), "step": np.where(hold, "hold", "ramp")}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def detection_of(table: Table, scores: np.ndarray, contributions: np.ndarray, threshold: float = 1.0) -> Detection:
    """A detection with these scores, as if some detector had given them."""
    parts = split(table)
    flags = scores > threshold
    events, ids = build_events(scores, flags, contributions, parts.series, table, parts.features)
    return Detection(
        scores=scores,
        flags=flags,
        contributions=contributions.astype(np.float32),
        event_ids=ids,
        events=events,
        runs=[],
        features=parts.features,
        threshold=threshold,
        detector="squared_difference",
        model="by hand",
        model_sha256=None,
        device="cpu",
        seconds=0.0,
    )


def scene_of(
    frame: pd.DataFrame,
    faults: Sequence[tuple[int, int, str, float]],
    *,
    known: np.ndarray | None = None,
    unjudged: Sequence[int] = (),
    layout: SceneLayout | None = None,
) -> Scene:
    """A scene in which faults were put in and flagged.

    Args:
        frame: from ``fab``; it is changed.
        faults: first row, last row, sensor, what is added to it there.
    """
    sensors = ["pressure", "flow", "temp"]
    contributions = np.full((len(frame), 3), 0.1)
    for first, last, sensor, height in faults:
        frame.loc[first:last, sensor] += height
        contributions[first : last + 1, sensors.index(sensor)] = 5.0
    table = table_from_frame(frame)
    scores = contributions.sum(axis=1)
    scores[list(unjudged)] = np.nan
    contributions[list(unjudged)] = np.nan
    found = detection_of(table, scores, contributions)
    return set_scene(table, found, layout or lay_out(table, known=known))
