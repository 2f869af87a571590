"""How a sensor's means in the steps of one wafer go together, and which step does not fit the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.indicators.cells import StepCells
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.learnt.left_out import FOLDS, heavy_tails, left_out
from waferwatch.indicators.learnt.limits import IndicatorLimits
from waferwatch.models.state import storable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CONTRAST = "contrast"  # of a sensor: how far its mean is from what the wafer's other steps say
SHRINK = 0.4  # of the correlation towards none: what the steps have in common in 20 wafers is not known well
_CLIP = 4.0  # spreads
_LEAST = 0.5  # spreads of the mean itself: no step is known better than that from the others
_TINY = 1e-12


@storable
@dataclass(frozen=True)
class StepRelation:
    """Of S sensors, for each recipe."""

    recipes: list[str]
    steps: list[list[str]]  # of each recipe, P
    inverse: list[Floats]  # of each recipe (S, P, P), of the correlation of its steps' means
    limits: IndicatorLimits  # of what the other steps leave unexplained

    @classmethod
    def learn(cls, spreads: Floats, beyond: Flags, cells: StepCells, golden: Flags) -> Self:
        """From golden cells.

        Args:
            spreads: (cells, S) step means in spreads off their middle; NaN where nothing is known.
            beyond: (cells, S) means that say nothing of others, since they are beyond their limits.
        """
        known = _Wafers.of(spreads, beyond, cells)
        runs = np.zeros(len(cells.runs), np.bool_)
        runs[cells.run[golden]] = True
        left, turn = np.full(spreads.shape, np.nan), _turns(runs, cells)
        for fold in range(FOLDS):  # a wafer that the relation was learnt from fits it better than later ones
            mine = turn[cells.run] == fold
            left[mine] = known.contrast(known.inverses(runs & (turn != fold)))[mine]
        columns, least = _columns(spreads), np.full(spreads.shape[1], _LEAST)
        used = golden & np.isfinite(left).any(axis=1)
        tails = heavy_tails(left_out(left, cells, used, columns, least).plain[used], cells.run[used], columns)
        limits = IndicatorLimits.learn(left, cells, used, columns, least).widened(tails, columns)
        return cls(known.recipes, known.steps, known.inverses(runs), limits)

    def off(self, spreads: Floats, beyond: Flags, cells: StepCells) -> Floats:
        """(cells, S) how far each mean is from what the other steps of its wafer say, as a multiple of its limit;
        signed, NaN where nothing is known."""
        known = _Wafers.of(spreads, beyond, cells)
        mine = dict(zip(self.recipes, zip(self.steps, self.inverse, strict=True), strict=True))
        inverses = []
        for name, steps in zip(known.recipes, known.steps, strict=True):
            learnt, inverse = mine.get(name, ([], None))
            inverses.append(_of_steps(inverse, learnt, steps))
        return self.limits.off(known.contrast(inverses), cells, _columns(spreads))


@dataclass(frozen=True)
class _Wafers:
    """Step means wafer by wafer, of R recipes."""

    recipes: list[str]
    steps: list[list[str]]  # of each recipe, P
    cells: StepCells
    recipe: Ints  # (cells,)
    step: Ints  # (cells,) of those of its recipe
    spreads: Floats  # (cells, S)
    beyond: Flags

    @classmethod
    def of(cls, spreads: Floats, beyond: Flags, cells: StepCells) -> Self:
        recipes = sorted({one.recipe for one in cells.names})
        steps = [sorted({one.step for one in cells.names if one.recipe == name}) for name in recipes]
        recipe = np.array([recipes.index(one.recipe) for one in cells.names], np.int64)
        step = np.array([steps[recipes.index(one.recipe)].index(one.step) for one in cells.names], np.int64)
        return cls(recipes, steps, cells, recipe[cells.stage], step[cells.stage], spreads, beyond)

    def inverses(self, golden: Flags) -> list[Floats]:
        """Of each recipe (S, P, P), from golden runs."""
        found: list[Floats] = []
        for number in range(len(self.recipes)):
            runs, rows = self._table(number)
            rows = np.clip(rows[golden[runs]], -_CLIP, _CLIP)
            square = np.einsum("rps,rqs->spq", rows, rows)
            scale = np.sqrt(np.maximum(np.einsum("spp->sp", square), _TINY))
            relation = square / (scale[:, :, None] * scale[:, None, :])
            found.append(np.linalg.inv((1 - SHRINK) * relation + SHRINK * np.eye(rows.shape[1])))
        return found

    def contrast(self, inverses: Sequence[Floats | None]) -> Floats:
        """(cells, S) each mean less what those of its wafer's other steps say; NaN where it or the relation, None, is
        not known, and where there are no other steps."""
        found = np.full(self.spreads.shape, np.nan)
        for number, inverse in enumerate(inverses):
            if inverse is None or inverse.shape[1] < 2:
                continue
            runs, rows = self._table(number)
            own = np.einsum("spp->sp", inverse)[:, :, None]
            weights = np.where(np.eye(inverse.shape[1], dtype=np.bool_), 0.0, -inverse / own)
            said = np.einsum("spq,rqs->rps", weights, rows)
            mine = self.recipe == number
            found[mine] = self.spreads[mine] - said[np.searchsorted(runs, self.cells.run[mine]), self.step[mine]]
        return found

    def _table(self, recipe: int) -> tuple[Ints, Floats]:
        """The runs of a recipe, and (runs, P, S) what their means say of one another.

        A mean beyond its limit, and one that is not there, say nothing: they count as usual.
        """
        mine = self.recipe == recipe
        runs = np.unique(self.cells.run[mine])
        found = np.zeros((len(runs), len(self.steps[recipe]), self.spreads.shape[1]))
        values = np.where(self.beyond, 0.0, np.nan_to_num(self.spreads))
        found[np.searchsorted(runs, self.cells.run[mine]), self.step[mine]] = values[mine]
        return runs, found


def _turns(golden: Flags, cells: StepCells) -> Ints:
    """(runs,) the golden runs of an equipment take turns, whichever equipment the table has first."""
    equipment = np.empty(len(cells.runs), object)
    equipment[cells.run] = np.array([name.equipment for name in cells.names], object)[cells.stage]
    found = np.empty(len(cells.runs), np.int64)
    for one in {name.equipment for name in cells.names}:
        mine = equipment == one
        found[mine] = np.cumsum(golden[mine]) % FOLDS
    return found


def _columns(spreads: Floats) -> list[IndicatorColumn]:
    return [IndicatorColumn(str(number), CONTRAST) for number in range(spreads.shape[1])]


def _of_steps(inverse: Floats | None, learnt: list[str], steps: list[str]) -> Floats | None:
    """The inverse for the steps that a table has; a step that was never learnt goes with no other."""
    if inverse is None:
        return None
    place = {name: at for at, name in enumerate(learnt)}
    found = np.repeat(np.eye(len(steps))[None], len(inverse), axis=0)
    there = np.array([at for at, name in enumerate(steps) if name in place], np.int64)
    known = np.array([place[steps[at]] for at in there], np.int64)
    found[:, there[:, None], there] = inverse[:, known[:, None], known]
    return found
