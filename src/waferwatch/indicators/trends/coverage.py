"""What limits rest on, and where to look while there are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.learnt.limits import ENOUGH_WAFERS, FEWEST_WAFERS
from waferwatch.indicators.learnt.normal_course import stage_key
from waferwatch.indicators.statistics import MEAN

_FEWEST_FOR_A_MIDDLE = 5  # wafers of a stage
_ROBUST = 1.4826  # median absolute deviation to standard deviation
_LEAST = 1e-9  # of the middle: less than that is rounding


@dataclass(frozen=True)
class LimitCoverage:
    """The wafers of one recipe on one equipment, and how many of them limits rest on."""

    equipment: str
    recipe: str
    wafers: int
    golden: int  # of the step that has most of them
    limited: bool  # whether any step has limits

    @property
    def missing(self) -> int:
        """Normal wafers that limits still need."""
        return 0 if self.limited else max(0, FEWEST_WAFERS - self.golden)

    @property
    def missing_to_stay(self) -> int:
        """Normal wafers after which limits are no longer provisional."""
        return max(0, ENOUGH_WAFERS - self.golden)


@dataclass(frozen=True)
class FarMean:
    """The step mean of a sensor that lies farthest from the middle of all wafers of its stage."""

    equipment: str
    recipe: str
    step: str
    sensor: str
    run: int  # the wafer, from 0
    wafers: int
    spreads: float  # signed, robust


def coverage_of(judged: JudgedWafers) -> list[LimitCoverage]:
    """Of every equipment and recipe, in the order of the data."""
    limits, cells = judged.model.limits, judged.cells
    known = {name: at for at, name in enumerate(limits.stages)}
    stages: dict[tuple[str, str], list[int]] = {}
    for number, name in enumerate(cells.names):
        stages.setdefault((name.equipment, name.recipe), []).append(number)
    found = []
    for (equipment, recipe), mine in stages.items():
        places = [known[key] for one in mine if (key := stage_key(cells.names[one])) in known]
        golden = max((int(limits.wafers[at]) for at in places), default=0)
        limited = bool(np.isfinite(limits.centre[places]).any()) if places else False
        wafers = len(np.unique(cells.run[np.isin(cells.stage, mine)]))
        found.append(LimitCoverage(equipment, recipe, wafers, golden, limited))
    return found


def far_means(judged: JudgedWafers) -> list[FarMean]:
    """The farthest step mean of every sensor on every equipment, farthest first: where to look without limits.

    The middle and the spread are those of all wafers of a stage, bad ones among them. This is not a verdict.
    """
    cells, columns = judged.cells, judged.found.columns
    means = [at for at, one in enumerate(columns) if one.statistic == MEAN]
    best: dict[tuple[str, str], FarMean] = {}
    for number, name in enumerate(cells.names):
        mine = np.flatnonzero((cells.stage == number) & ~cells.of_unknown_start)
        if len(mine) < _FEWEST_FOR_A_MIDDLE:
            continue
        off = _off(judged.found.values[mine][:, means])
        for column, at in enumerate(np.argmax(np.abs(off), axis=0).tolist()):
            sensor, far = columns[means[column]].sensor, float(off[at, column])
            known = best.get((name.equipment, sensor))
            if far and (known is None or abs(far) > abs(known.spreads)):
                run = int(cells.run[mine[at]])
                best[name.equipment, sensor] = FarMean(
                    name.equipment, name.recipe, name.step, sensor, run, len(mine), far
                )
    return sorted(best.values(), key=lambda one: -abs(one.spreads))


def _off(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(wafers, sensors) robust spreads from the middle of all wafers; 0 where nothing is measured or differs."""
    some = np.isfinite(values)
    known = np.where(some, values, np.nan)
    empty = ~some.any(axis=0)
    known[:, empty] = 0.0
    middle = np.nanmedian(known, axis=0)
    far = known - middle
    spread = np.maximum(_ROBUST * np.nanmedian(np.abs(far), axis=0), 1.2533 * np.nanmean(np.abs(far), axis=0) / 4)
    found = np.where(spread > _LEAST * np.abs(middle), far / np.where(spread > 0, spread, 1.0), 0.0)
    return np.asarray(np.nan_to_num(found))
