"""Small tables and detections, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from waferwatch.events.event import Event, Kind
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection


def table_of(**columns: object) -> Table:
    """A table from columns; the sensor ``pressure`` is added where there is none."""
    frame = pd.DataFrame(columns)
    if "pressure" not in frame:
        frame["pressure"] = np.linspace(0.5, 1.5, len(frame))
    return table_from_frame(frame)


def detection_of(flags: ArrayLike, scores: ArrayLike | None = None, peaks: Sequence[int] = ()) -> Detection:
    """A detection with these flags, and an event at each of the peaks."""
    flagged = np.asarray(flags, dtype=bool)
    known = flagged.astype(float) if scores is None else np.asarray(scores, dtype=float)
    events = [event_at(number, row) for number, row in enumerate(peaks, 1)]
    nothing = np.zeros(len(flagged), np.int64)
    return Detection(
        known,
        flagged,
        known[:, None].astype(np.float32),
        nothing,
        events,
        [],
        ["pressure"],
        0.5,
        "made",
        "",
        None,
        "",
        0,
    )


def event_at(number: int, row: int) -> Event:
    return Event(number, Kind.POINT, row, row, row, row, row, row, 1, 1.0, None, None)
