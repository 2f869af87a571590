"""Times with an offset from UTC, as the clock of the data shows them."""

from __future__ import annotations

import datetime
import re
import zoneinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.table import Note

_OFFSET = re.compile(r"UTC(?:([+-])(\d{2}):(\d{2}))?")


def zone_name(seconds: int) -> str:
    """``32400`` -> ``"UTC+09:00"``; the zone without an offset is ``"UTC"``."""
    if not seconds:
        return "UTC"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"UTC{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


def offset_of(zone: str) -> pd.Timedelta:
    """What a clock in the zone is ahead of UTC."""
    found = _OFFSET.fullmatch(zone)
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


def check_zone(zone: str) -> None:
    """
    Raises:
        InputError: there is no such time zone.
    """
    if _OFFSET.fullmatch(zone):
        return
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            "There is no time zone {value}.",
            hint="Write it like Asia/Seoul or UTC+09:00.",
            field="time_zone",
            value=zone[:60],
        ) from error


def shown_in(local: pd.Series, zone: str | None, wished: str, name: str) -> tuple[pd.Series, str | None, Note]:
    """Times on the clock of a zone that the user has named.

    Args:
        local: (n,) datetime64[ns] as the clock of the data shows them.
        zone: of that clock; None where the data do not tell it: it is then the wished one.
        wished: such as Asia/Seoul or UTC+09:00; where its offset changes, that of the first time stands for all.
        name: of the column, for the note.

    Returns:
        The times, their zone, and what to say of it.
    """
    present = local.dropna()
    if not len(present):
        return local, zone, Note("{column} holds no times.", {"column": name})
    behind = pd.Timedelta(0) if zone is None else offset_of(zone)
    ahead = _ahead(wished, present.iloc[0] - behind, is_utc=zone is not None)
    said: dict[str, object] = {"column": name, "zone": zone_name(int(ahead.total_seconds()))}
    if zone is None:
        return (
            local,
            str(said["zone"]),
            Note("The times in {column} count as times of the zone {zone}, as asked.", said),
        )
    converted = local + (ahead - behind)
    return converted, str(said["zone"]), Note("The times in {column} are shown in the zone {zone}, as asked.", said)


def _ahead(zone: str, moment: pd.Timestamp, *, is_utc: bool) -> pd.Timedelta:
    """What a clock of the zone is ahead of UTC at a moment of UTC, or of the zone itself."""
    if _OFFSET.fullmatch(zone):
        return offset_of(zone)
    there = zoneinfo.ZoneInfo(zone)
    at = moment.floor("s").to_pydatetime().replace(tzinfo=datetime.UTC if is_utc else there)
    return pd.Timedelta(at.astimezone(there).utcoffset() or datetime.timedelta(0))
