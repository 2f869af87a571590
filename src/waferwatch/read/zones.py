"""Times with an offset from UTC, as the clock of the data shows them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.read.table import Note


def zone_name(seconds: int) -> str:
    """``32400`` -> ``"UTC+09:00"``; the zone without an offset is ``"UTC"``."""
    if not seconds:
        return "UTC"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"UTC{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


def offset_of(zone: str) -> pd.Timedelta:
    """What a clock in the zone is ahead of UTC."""
    found = re.fullmatch(r"UTC(?:([+-])(\d{2}):(\d{2}))?", zone)
    if found is None:
        raise ValueError(zone)
    ahead = pd.Timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    return -ahead if found[1] == "-" else ahead


def in_zone(utc: pd.Series, offsets: NDArray[np.float64], name: str) -> tuple[pd.Series, str | None, tuple[Note, ...]]:
    """Times of UTC on the clock of the data: on that of the first row where clocks differ from row to row.

    Args:
        utc: (n,) datetime64[ns] without a zone.
        offsets: (n,) seconds that the clock of each row is ahead of UTC; NaN where there is no time.
        name: of the column, for the notes.

    Returns:
        The times, their zone (None without any time), and what to say of it.
    """
    present = offsets[~np.isnan(offsets)]
    if not len(present):
        return utc, None, ()
    first = int(present[0])
    zone = zone_name(first)
    local = utc + pd.Timedelta(seconds=first)
    if (present == first).all():
        return local, zone, (Note("The times in {column} are in the zone {zone}.", {"column": name, "zone": zone}),)
    said: dict[str, object] = {"column": name, "zone": zone}
    text = Note("The times in {column} have different offsets from UTC; all were converted to {zone}.", said)
    return local, zone, (text,)
