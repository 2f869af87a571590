"""Times and periods as SECS-II writes them (SEMI E5: STIME, DSPER)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_SHORT = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")  # YYMMDDhhmmss
_LONG = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")  # YYYYMMDDhhmmsscc
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[.,]\d+)?).*")
_SECOND = 1_000_000_000


def nanoseconds_of(stime: str) -> int | None:
    """Nanoseconds since 1970 of a time in any of the three forms of the standard; None for another one."""
    text = stime.strip()
    if found := _LONG.fullmatch(text):
        year, month, day, hour, minute, second, hundredth = found.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{hundredth}"
    elif found := _SHORT.fullmatch(text):
        year, month, day, hour, minute, second = found.groups()
        text = f"20{year}-{month}-{day}T{hour}:{minute}:{second}"
    elif found := _ISO.fullmatch(text):
        text = found[1].replace(",", ".")
    else:
        return None
    try:
        return int(np.datetime64(text, "ns").astype(np.int64))
    except ValueError:
        return None


def period_text(seconds: float) -> str:
    """DSPER: hhmmss, or hhmmsscc where seconds are not enough."""
    hundredths = round(seconds * 100)
    whole, rest = divmod(hundredths, 100)
    text = f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}"
    return f"{text}{rest:02d}" if rest else text


@dataclass
class SampleClock:
    """Times of the samples of one trace.

    Many tools write their time in whole seconds. Samples are therefore counted from one that has a time, as long as
    the tool's clock agrees within a second and a sample.
    """

    period_s: float
    _sample: int | None = None
    _time: int = 0

    def time_of(self, sample: int, written: int) -> int:
        """Nanoseconds since 1970.

        Args:
            sample: SMPLN.
            written: what STIME says.
        """
        step = round(self.period_s * _SECOND)
        if self._sample is not None:
            counted = self._time + (sample - self._sample) * step
            if sample > self._sample and abs(counted - written) <= _SECOND + step:
                return counted
        self._sample, self._time = sample, written
        return written
