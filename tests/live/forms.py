"""Rows of many forms, each an equipment of its own: what live scores are compared with those of the file on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from waferwatch.live.log.rows import LiveRow

SECOND = pd.Timedelta(seconds=1)
START = pd.Timestamp("2026-01-05T08:00:00")
CONTEXT = ("lot", "wafer", "recipe", "step")
LEVELS = {"gas": (2.0, 8.0), "rf": (9.0, 3.0), "vent": (1.0, 1.0)}  # step -> level of both sensors

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class Family:
    """Equipment that one monitor watches.

    Args:
        made: a number of the equipment and of rows -> rows as they are normal.
        forms: equipment -> how its live rows differ from normal ones.
    """

    monitor: str
    detector: str
    made: Callable[[int, int, int], pd.DataFrame]
    golden_rows: int
    live_rows: int
    forms: Mapping[str, Change]

    def golden(self) -> pd.DataFrame:
        """Normal rows of all of them."""
        return pd.concat(
            [self.made(at, self.golden_rows, 0).assign(equipment=name) for at, name in enumerate(self.forms)],
            ignore_index=True,
        )

    def live(self) -> dict[str, pd.DataFrame]:
        """Equipment -> its rows, in time order."""
        found = {}
        for at, (name, change) in enumerate(self.forms.items()):
            rng = np.random.default_rng(100 + at)
            normal = self.made(at, self.live_rows, 1)
            found[name] = change(normal, rng).assign(equipment=name).reset_index(drop=True)
        return found


def trace(sensors: int) -> Callable[[int, int, int], pd.DataFrame]:
    """Sensors that swing, without wafers."""

    def made(number: int, rows: int, part: int) -> pd.DataFrame:
        rng = np.random.default_rng((number, part, sensors))
        place = np.arange(rows) + 5000 * part
        frame = pd.DataFrame({"timestamp": START + place * SECOND})
        for sensor in range(sensors):
            swing = np.sin(place / (9 + number)) / (sensor + 1)
            frame[f"s{sensor}"] = swing + rng.normal(size=rows) * (0.1 + 0.2 * sensor)
        return frame

    return made


def wafers(number: int, rows: int, part: int) -> pd.DataFrame:
    """Wafers of three steps of 20 rows, with pauses between them."""
    rng = np.random.default_rng((number, part))
    found, per_step = [], 20
    for wafer in range(rows // (len(LEVELS) * per_step)):
        start = START + (part * 24 * 60 + 3 * wafer) * 60 * SECOND
        for at, (step, levels) in enumerate(LEVELS.items()):
            begin = start + at * per_step * SECOND
            frame = pd.DataFrame({"timestamp": begin + np.arange(per_step) * SECOND})
            frame["lot"], frame["wafer"] = f"L{part}{wafer // 25}", str(wafer % 25 + 1)
            frame["recipe"], frame["step"] = "R", step
            for sensor, level in enumerate(levels):
                settling = 1 - np.exp(-np.arange(per_step) / 3)
                frame[f"s{sensor}"] = level * settling + rng.normal(size=per_step) * 0.1
            found.append(frame)
    return pd.concat(found, ignore_index=True)


def pumped(number: int, rows: int, part: int) -> pd.DataFrame:
    """The same with a pressure that runs over several decades."""
    frame = wafers(number, rows, part)
    return frame.assign(s0=10.0 ** (frame["s0"] - 8))


def as_it_is(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    return frame


def missing_values(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    sensors = list(frame.select_dtypes("floating"))
    return frame.assign(**{one: frame[one].where(rng.random(len(frame)) > 0.1) for one in sensors})


def leak(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """The pressure is three times as high from then on, at last where it counts as nothing."""
    late = np.arange(len(frame)) > len(frame) // 2
    return frame.assign(s0=frame["s0"] * np.where(late, 3.0, 1.0) * (np.arange(len(frame)) < len(frame) - 20))


def missing_stretch(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """One sensor sends nothing for a while."""
    last = list(frame.select_dtypes("floating"))[-1]
    silent = (np.arange(len(frame)) > len(frame) // 3) & (np.arange(len(frame)) < len(frame) // 2)
    return frame.assign(**{last: frame[last].where(~silent)})


def missing_from_then_on(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    last = list(frame.select_dtypes("floating"))[-1]
    return frame.assign(**{last: frame[last].where(np.arange(len(frame)) < len(frame) // 2)})


def empty_rows(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    sensors = list(frame.select_dtypes("floating"))
    return frame.assign(**{one: frame[one].where(np.arange(len(frame)) % 50 > 2) for one in sensors})


def gap(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    late = np.arange(len(frame)) >= len(frame) // 2
    return frame.assign(timestamp=frame["timestamp"] + late.astype(int) * pd.Timedelta(hours=1))


def many_gaps(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """The last of which leave stretches of few rows."""
    borders = [len(frame) // 3, len(frame) // 2, len(frame) - 40, len(frame) - 5]
    jumps = np.searchsorted(borders, np.arange(len(frame)), side="right")
    return frame.assign(timestamp=frame["timestamp"] + jumps * pd.Timedelta(minutes=30))


def pauses(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Short ones, which are no gaps."""
    steps = rng.choice([1.0, 1.0, 1.0, 1.4, 4.0], len(frame))
    return frame.assign(timestamp=frame["timestamp"].iloc[0] + pd.to_timedelta(np.cumsum(steps), unit="s"))


def short(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    return frame[:30]


def same_times(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """Two rows of each second."""
    return frame.assign(timestamp=frame["timestamp"].dt.floor("2s"))


def fault(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    faulty = (np.arange(len(frame)) > len(frame) // 2) & (np.arange(len(frame)) < len(frame) // 2 + 60)
    return frame.assign(s0=frame["s0"] + 5.0 * faulty)


def shift(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(s0=frame["s0"] + 3.0 * (np.arange(len(frame)) > len(frame) // 2))


def stuck(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(s0=frame["s0"].where(np.arange(len(frame)) < len(frame) // 2).ffill())


def pause_in_a_wafer(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """The fourth wafer stands still for a while; the next ones come later."""
    late = np.arange(len(frame)) >= 3 * 60 + 25
    return frame.assign(timestamp=frame["timestamp"] + late.astype(int) * pd.Timedelta(minutes=90))


def short_wafers(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """Every third one is broken off in its first step."""
    wafer, place = np.arange(len(frame)) // 60, np.arange(len(frame)) % 60
    return frame[(wafer % 3 != 2) | (place < 6)]


def lost_step(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    wafer = np.arange(len(frame)) // 60
    return frame[(wafer % 4 != 1) | (frame["step"] != "rf")]


def unknown_step(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    wafer = np.arange(len(frame)) // 60
    return frame.assign(step=np.where((wafer % 4 == 1) & (frame["step"] == "rf"), "clean", frame["step"]))


def same_wafer_again(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """A wafer of the same name comes back behind others."""
    wafer = np.arange(len(frame)) // 60
    return frame.assign(wafer=np.where(wafer == 6, "2", frame["wafer"]))


def back_to_back(frame: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """No pause between wafers."""
    return frame.assign(timestamp=frame["timestamp"].iloc[0] + np.arange(len(frame)) * SECOND)


STREAM: dict[str, Change] = {
    "plain": as_it_is,
    "missing values": missing_values,
    "gap": gap,
    "many gaps": many_gaps,
    "pauses": pauses,
    "short": short,
    "fault": fault,
}
SEVERAL: dict[str, Change] = {
    **STREAM,
    "sensor lost for a while": missing_stretch,
    "sensor lost": missing_from_then_on,
    "empty rows": empty_rows,
    "same times": same_times,
    "shift": shift,
    "stuck": stuck,
}
WAFERS: dict[str, Change] = {
    "plain": as_it_is,
    "missing values": missing_values,
    "sensor lost for a while": missing_stretch,
    "pause in a wafer": pause_in_a_wafer,
    "short wafers": short_wafers,
    "lost step": lost_step,
    "unknown step": unknown_step,
    "same wafer again": same_wafer_again,
    "back to back": back_to_back,
    "fault": fault,
    "short": short,
}
FEW: dict[str, Change] = {name: SEVERAL[name] for name in ("plain", "many gaps", "missing values", "sensor lost")}


FEW_WAFERS = {name: WAFERS[name] for name in ("plain", "short wafers", "missing values", "pause in a wafer")}


@cache
def families() -> tuple[Family, ...]:
    """Those of all monitors."""
    return (
        Family("one", "statistical", trace(1), 700, 1000, STREAM),
        Family("several", "statistical", trace(3), 700, 800, SEVERAL),
        Family("wafers", "statistical", wafers, 1800, 480, WAFERS),
        Family("pumped", "statistical", pumped, 1800, 300, {"plain": as_it_is, "leak": leak, "gaps": missing_values}),
        Family("moment-one", "moment", trace(1), 700, 1000, FEW),
        Family("moment-several", "moment", trace(3), 700, 1000, FEW),
        Family("moment-wafers", "moment", wafers, 1800, 480, FEW_WAFERS),
    )


def live_rows(frame: pd.DataFrame) -> list[LiveRow]:
    """The rows as a source hands them over."""
    sensors = [name for name in frame.columns if name not in ("timestamp", "equipment", *CONTEXT)]
    names = [name for name in CONTEXT if name in frame]
    return [
        LiveRow(
            record["equipment"],
            int(record["timestamp"].value),
            {name: record[name] for name in sensors},
            **{name: record[name] for name in names},
        )
        for record in frame.to_dict("records")
    ]
