"""Is the sensor that is at fault named? Faults of single sensors in correlated tables.

A table's sensors follow a few hidden courses (slow wander, cycles, steps) and have noise of their own. The first third
is the reference. In the rest lie faults of ``waferwatch.evaluate.faults``, each in one sensor. A fault is found when
one of its rows scores above what 1 in 100 rows of the same table without faults reach.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.evaluate.faults import FAULTS, SIZES, FaultPlace, noise_units
from waferwatch.models.contract import Scores
from waferwatch.models.registry import create
from waferwatch.scoring.run import score_by
from waferwatch.series.series import Series

ROWS, REFERENCE = 15_000, 5_000
NORMAL_SHARE = 0.01  # of the rows without faults that score above the threshold
SENSORS_A_COURSE = 5  # sensors for each hidden course, about
OWN_NOISE = 0.3  # of a sensor, beside the 1 that it shares with others
KINDS = [kind for kind, recipe in FAULTS.items() if not recipe.every_sensor]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SensorFault:
    """One fault of one sensor."""

    kind: str
    size: str
    first: int
    stop: int
    sensor: int


def correlated(rows: int, sensors: int, rng: np.random.Generator) -> Floats:
    """(rows, sensors) normal readings."""
    courses = max(3, round(sensors / SENSORS_A_COURSE))
    steps = np.arange(rows)
    hidden = np.empty((rows, courses))
    for at in range(courses):
        angle = 2 * np.pi * steps / rng.uniform(40, 400) + rng.uniform(0, 2 * np.pi)
        levels = np.repeat(rng.standard_normal(rows // 100 + 1), 100)[:rows]
        wander = pd.Series(rng.standard_normal(rows)).ewm(alpha=0.02).mean().to_numpy() * 7
        hidden[:, at] = (wander, np.sin(angle) * np.sqrt(2), levels)[at % 3]
    weights = rng.standard_normal((courses, sensors)) * (rng.random((courses, sensors)) < 2 / courses)
    weights[rng.integers(0, courses, sensors), np.arange(sensors)] += 1  # no sensor is without a course
    shared = hidden @ (weights / np.sqrt(np.square(weights).sum(axis=0)))
    return np.asarray(shared + OWN_NOISE * rng.standard_normal((rows, sensors)))


def with_faults(values: Floats, first: int, rng: np.random.Generator) -> tuple[Floats, list[SensorFault]]:
    """Each kind and size once, in turns drawn anew, evenly spread over the rows from ``first`` on."""
    turns = [(kind, size) for kind in KINDS for size in SIZES]
    places = np.linspace(first, len(values), len(turns) + 1).astype(int)
    units, changed, faults = noise_units(values), values.copy(), []
    for start, turn in zip(places.tolist(), rng.permutation(len(turns)).tolist(), strict=False):
        kind, size = turns[turn]
        begin = start + int(rng.integers(0, (len(values) - first) // len(turns) // 2))
        stop = begin + FAULTS[kind].points(size, rng)
        sensor = int(rng.integers(values.shape[1]))
        place = FaultPlace(values, begin, stop, np.array([sensor]), units, size, rng)
        changed[begin:stop, sensor] = FAULTS[kind].change(place)[:, 0]
        faults.append(SensorFault(kind, size, begin, stop, sensor))
    return changed, faults


def guilty_sensors(names: Sequence[str], sensors: int, tables: int) -> dict[str, dict[str, Any]]:
    """Each detector's figures over so many tables."""
    results: dict[str, dict[str, Any]] = {}
    for name in names:
        answers = []
        for seed in range(tables):
            answers += _judge(name, sensors, seed)
            print(f"{name} {sensors} sensors: table {seed + 1} of {tables}", file=sys.stderr)
        found = [one for one in answers if one[0]]
        results[name] = {
            "faults": len(answers),
            "found": _share(len(found), len(answers)),
            "first": _share(sum(rank == 1 for _, rank in answers), len(answers)),
            "top3": _share(sum(rank <= 3 for _, rank in answers), len(answers)),
            "first_of_found": _share(sum(rank == 1 for _, rank in found), len(found)),
            "top3_of_found": _share(sum(rank <= 3 for _, rank in found), len(found)),
        }
    return results


def _judge(name: str, sensors: int, seed: int) -> list[tuple[bool, int]]:
    rng = np.random.default_rng([seed, sensors])
    values = correlated(ROWS, sensors, rng)
    changed, faults = with_faults(values, REFERENCE, rng)
    reference, clean, faulty = (_series(part) for part in (values[:REFERENCE], values[REFERENCE:], changed[REFERENCE:]))
    bare, scores = score_by(create(name), [reference], [clean, faulty])
    threshold = float(np.nanquantile(bare.points, 1 - NORMAL_SHARE))
    shifted = [replace(one, first=one.first - REFERENCE, stop=one.stop - REFERENCE) for one in faults]
    return [found_and_rank(scores, one, threshold) for one in shifted]


def found_and_rank(scores: Scores, fault: SensorFault, threshold: float) -> tuple[bool, int]:
    """Whether a row of the fault scores above the threshold, and the rank of its sensor, 1 = first.

    Sensors rank by what they carry over the rows above the threshold, as in an event; over all rows where none is.
    """
    inside = slice(fault.first, fault.stop)
    flagged = scores.points[inside] > threshold
    found = bool(flagged.any())
    rows = scores.contributions[inside][flagged if found else slice(None)]
    carried: Floats = np.asarray(np.nansum(rows, axis=0, dtype=np.float64))
    return found, int((carried >= carried[fault.sensor]).sum())


def _series(values: Floats) -> Series:
    return Series(values, np.arange(len(values), dtype=np.int64), None)


def _share(some: int, of: int) -> float | None:
    return round(some / of, 4) if of else None


def print_guilty(document: dict[str, dict[str, dict[str, Any]]]) -> None:
    for sensors, results in document.items():
        print(f"Faults of one of {sensors} sensors\n{pd.DataFrame(results).T.to_string()}\n")
