"""What is said of a rebase: levels by name, and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from waferwatch.models.levels import LevelShift, UsualLevels, units_of
from waferwatch.monitors.levels.indicators import StepLevel
from waferwatch.monitors.levels.settling import FEWEST
from waferwatch.monitors.levels.stage_names import Names
from waferwatch.monitors.levels.watched import equipment_text
from waferwatch.monitors.rebase.absorb import Absorption
from waferwatch.monitors.rebase.rebased import Moved, Rebased, Refusal, Refused
from waferwatch.read.table import Note
from waferwatch.scoring.model import Model
from waferwatch.series.series import Series

_NO_NAME = "-"  # of the one equipment of a table that names none


class RebaseReport:
    """Gathers what is said, equipment by equipment.

    Args:
        features: names of the sensors.
        names: of the stages.
        wanted: wafers that were asked for.
    """

    def __init__(self, features: Sequence[str], names: Mapping[int, Names], wanted: int) -> None:
        self._features, self._names, self._wanted = features, names, wanted
        self._moved: list[Moved] = []
        self._settled: list[Moved] = []
        self._refused: list[Refused] = []
        self._steps: dict[str, list[StepLevel]] = {}  # of each equipment that was looked at
        self._notes: list[Note] = []
        self._wafers: dict[str, int] = {}

    def add(
        self,
        scope: str,
        series: Sequence[Series],
        levels: UsualLevels,
        steps: list[StepLevel],
        decided: Absorption,
    ) -> None:
        """An equipment whose levels were looked at."""
        self._steps[scope] = steps
        self._moved += [self._moved_level(scope, one) for one in decided.moved]
        self._settled += [self._moved_level(scope, one) for one in decided.settled]
        self._refused += [self._refused_level(scope, one, reason) for one, reason in decided.refused]
        self._count(scope, len(units_of(series)))
        self._unseen(scope, levels, steps)

    def looked_at(self, scope: str) -> bool:
        """Whether the levels of an equipment were looked at."""
        return scope in self._steps

    def _count(self, scope: str, count: int) -> None:
        equipment = equipment_text(scope)
        self._wafers[equipment] = count
        if count < self._wanted:
            self._notes.append(
                Note(
                    "{equipment}: only {count} of {wanted} wafers since the maintenance; rebase again with more.",
                    {"equipment": equipment or _NO_NAME, "count": count, "wanted": self._wanted},
                )
            )

    def _unseen(self, scope: str, levels: UsualLevels, steps: list[StepLevel]) -> None:
        unseen = set(levels.stages.tolist()) - {one.stage for one in steps}
        if unseen:
            self._notes.append(
                Note(
                    "{equipment}: {count} of {steps} recipe steps had fewer than {fewest} wafers since the "
                    "maintenance; their levels stay.",
                    {
                        "equipment": equipment_text(scope) or _NO_NAME,
                        "count": len(unseen),
                        "steps": len(levels.stages),
                        "fewest": FEWEST,
                    },
                )
            )

    def add_undated(self, shifts: Sequence[LevelShift]) -> None:
        """What was learnt, to say where it holds for earlier rows too."""
        if any(one.since is None for one in shifts):
            self._notes.append(
                Note("Times are not dates, so the new levels hold for every row that is scored, earlier ones too.")
            )

    def skip(self, scope: str, series: Sequence[Series], levels: UsualLevels | None) -> None:
        """An equipment that was not learnt from, or has too few wafers."""
        equipment, count = equipment_text(scope) or _NO_NAME, len(units_of(series))
        self._notes.append(
            Note(
                "{equipment} was not learnt from, so its levels cannot be rebased.",
                {"equipment": equipment},
            )
            if levels is None
            else Note(
                "{equipment} has {count} wafers since the maintenance, {fewest} are needed; its levels stay.",
                {"equipment": equipment, "count": count, "fewest": FEWEST},
            )
        )

    def add_shapes(self, scope: str, found: Sequence[tuple[int, int, int]]) -> None:
        """Stage, sensor and wafers of what is still flagged, but for sensors that are refused already."""
        refused = {one.sensor for one in self._refused if one.equipment == equipment_text(scope)}
        for stage, sensor, wafers in found:
            step = next((one for one in self._steps[scope] if (one.stage, one.sensor) == (stage, sensor)), None)
            if step is not None and self._features[sensor] not in refused:
                shape = self._refused_level(scope, step, Refusal.SHAPE)
                self._refused.append(replace(shape, wafers=wafers))

    def _moved_level(self, scope: str, one: StepLevel) -> Moved:
        return Moved(**self._level(scope, one), settled_after=one.standing.after)

    def _refused_level(self, scope: str, one: StepLevel, reason: Refusal) -> Refused:
        return Refused(**self._level(scope, one), reason=reason)

    def rebased(self, model: Model) -> Rebased:
        """Everything, with the new model."""
        if not self._moved:
            self._notes.append(Note("No level was learnt anew; the model is the same as before."))
        return Rebased(
            model, tuple(self._moved), tuple(self._settled), tuple(self._refused), tuple(self._notes), self._wafers
        )

    def _level(self, scope: str, one: StepLevel) -> dict[str, Any]:
        recipe, step = self._names.get(one.stage, (None, None))
        return {
            "sensor": self._features[one.sensor],
            "equipment": equipment_text(scope),
            "recipe": recipe,
            "step": step,
            "before": one.before,
            "after": one.after,
            "spreads": one.spreads,
            "wafers": one.wafers,
        }
