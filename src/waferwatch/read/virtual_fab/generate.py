"""A seeded virtual fab as a table: fills the demo, the examples and the tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.virtual_fab.fab import RECIPES, SENSORS, STEPS, STRICT, Looseness, Schedule, simulate
from waferwatch.read.virtual_fab.faults import FAULT_KINDS, inject

MOST_JITTER, MOST_WAITING_S = 0.5, 3600.0
_START = np.datetime64("2026-01-05T08:00:00", "ns")
_KOREAN_STEPS = ("안정화", "램프", "식각", "과식각", "퍼지", "대기")
_KOREAN_COLUMNS = {
    "timestamp": "시간",
    "equipment": "장비ID",
    "lot": "배치번호",
    "wafer": "웨이퍼",
    "recipe": "레시피",
    "step": "스텝",
    "anomaly": "이상여부",
    "fault_kind": "결함종류",
} | {sensor.name: sensor.korean_name for sensor in SENSORS}


def generate(
    rows: int = 20_000,
    equipment: int = 3,
    seed: int = 0,
    *,
    korean_columns: bool = False,
    faults: bool = True,
    step_jitter: float = 0.0,
    waiting: float = 0.0,
) -> pd.DataFrame:
    """Rows of several etch equipment, one a second each, interleaved in time order.

    Each equipment has offsets of its own and runs lots of up to 25 wafers, whose recipes take turns. Slow drift and at
    least one maintenance, after which the chamber is clean and its sensors jump, are normal and not labelled. The
    faults (mfc_drift, pressure_spike, late_step, valve_chatter, rf_mismatch, stuck_sensor) touch 1 to 3 % of the rows
    of a table of some thousand rows, none of them in the first third of an equipment's rows, which is clean reference.

    Args:
        rows: rows of the table, over all equipment.
        equipment: number of equipment, at most one for each row.
        seed: the same seed gives the same table, bit for bit.
        korean_columns: column names, step names and the label (정상/이상) in Korean.
        faults: False gives the very same fab without its faults.
        step_jitter: steps last longer or shorter by up to this share, 0 to 0.5, as well as by the usual second.
        waiting: seconds, on average, that a finished wafer waits in its idle step, up to 3,600.

    Returns:
        Columns timestamp, equipment, lot, wafer, recipe, step, twelve sensors with their units in their names, anomaly
        (1 exactly where a reading differs from the one without faults) and fault_kind (empty where there is no fault).

    Raises:
        InputError: for fewer than one row or equipment, more equipment than rows, a negative seed, or a jitter or a
            wait out of its range.
    """
    _refuse_impossible(rows, equipment, seed)
    looseness = _checked(Looseness(step_jitter, waiting))
    values = np.empty((rows, len(SENSORS)))
    kinds = np.empty(rows, dtype=np.int8)
    context = {name: np.empty(rows, dtype=np.int64) for name in ("lot", "wafer", "recipe", "step")}
    for number in range(equipment):
        own_rows = len(range(number, rows, equipment))
        # Beat and faults have generators of their own: a loose chamber has the strict one's offsets, a faulty fab is
        # the clean one but for its faults.
        beat = None if looseness == STRICT else np.random.default_rng([seed, number, 2])
        chamber = simulate(own_rows, np.random.default_rng([seed, number, 0]), looseness, beat)
        faulty = inject(chamber, number, np.random.default_rng([seed, number, 1])) if faults else None
        values[number::equipment] = chamber.readings if faulty is None else faulty.readings
        kinds[number::equipment] = 0 if faulty is None else faulty.kinds
        for name, column in context.items():
            column[number::equipment] = _context(chamber.schedule, name)
    return _frame(values, kinds, context, equipment, korean_columns)


def _refuse_impossible(rows: int, equipment: int, seed: int) -> None:
    hint = "Give a whole number of at least {lowest}."
    for field, value, lowest in (("rows", rows, 1), ("equipment", equipment, 1), ("seed", seed, 0)):
        if value < lowest:
            raise InputError(
                "{option} cannot be {value}.", hint=hint, field=field, option=field, value=value, lowest=lowest
            )
    if equipment > rows:
        raise InputError(
            "{rows} rows are too few for {equipment} equipment.",
            hint="Each equipment needs at least one row: ask for more rows or fewer equipment.",
            field="equipment",
            rows=rows,
            equipment=equipment,
        )


def _checked(looseness: Looseness) -> Looseness:
    for field, most in (("step_jitter", MOST_JITTER), ("waiting", MOST_WAITING_S)):
        value = getattr(looseness, field)
        if not 0 <= value <= most:  # also true for NaN
            raise InputError(
                "{option} cannot be {value}.",
                hint="Give a number from {lowest} to {most}.",
                field=field,
                option=field,
                value=value,
                lowest=0,
                most=most,
            )
    return looseness


def _context(schedule: Schedule, name: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = getattr(schedule, name)
    return values - values[0] if name == "lot" else values


def _frame(
    values: NDArray[np.float64],
    kinds: NDArray[np.int8],
    context: dict[str, NDArray[np.int64]],
    equipment: int,
    korean: bool,
) -> pd.DataFrame:
    row = np.arange(len(values))
    machine = row % equipment
    most_lots = int(context["lot"].max()) + 1
    lots = [f"L{number + 1:02d}{lot + 1:04d}" for number in range(equipment) for lot in range(most_lots)]
    machines = [f"ETCH-{number + 1:02d}" for number in range(equipment)]
    columns: dict[str, object] = {
        "timestamp": _START + (row // equipment).astype("timedelta64[s]"),
        "equipment": _texts(machine, machines),
        "lot": _texts(machine * most_lots + context["lot"], lots),
        "wafer": context["wafer"],
        "recipe": _texts(context["recipe"], [recipe.name for recipe in RECIPES]),
        "step": _texts(context["step"], _KOREAN_STEPS if korean else STEPS),
    }
    columns |= {sensor.name: values[:, index] for index, sensor in enumerate(SENSORS)}
    anomaly = (kinds > 0).astype(np.int64)
    columns["anomaly"] = _texts(anomaly, ["정상", "이상"]) if korean else anomaly
    columns["fault_kind"] = _texts(kinds, ["", *FAULT_KINDS])
    frame = pd.DataFrame(columns)
    return frame.rename(columns=_KOREAN_COLUMNS) if korean else frame


def _texts(codes: NDArray[np.int64] | NDArray[np.int8], names: Sequence[str]) -> pd.Series[str]:
    """Text column from codes; a categorical first, which is far faster than a million Python strings."""
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(names))).astype("str")
