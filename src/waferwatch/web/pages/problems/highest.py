"""The highest stretches that are no problem: the guard against a limit that is blind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from waferwatch.indicators.verdicts import RunScore
from waferwatch.scoring.result import Detection
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.pages.problems.scope import Scope

MOST = 10


@dataclass(frozen=True)
class HighRun:
    """A wafer below the limit, or a series of rows."""

    chamber: str
    name: str
    start: str
    height: str  # as a multiple of the limit; the score where only rows were judged
    scored: bool  # whether it is the score


def highest(found: Detection, scope: Scope, numbers: Numbers) -> list[HighRun]:
    """The ten highest, the nearest to the limit first."""
    runs = [run for run in found.runs if not run.abnormal and scope.holds_run(run) and not math.isnan(_height(run))]
    runs.sort(key=lambda run: -_height(run))
    return [_shown(run, numbers) for run in runs[:MOST]]


def _height(run: RunScore) -> float:
    return run.score if math.isnan(run.ratio) else run.ratio


def _shown(run: RunScore, numbers: Numbers) -> HighRun:
    scored = math.isnan(run.ratio)
    height = numbers.short(run.score) if scored else f"{run.ratio:.2f} ×"
    return HighRun(run.equipment or "", wafer_name(run), place(run.start or ""), height, scored)


def wafer_name(run: RunScore) -> str:
    """Lot and wafer as people write them."""
    return "/".join(part for part in (run.lot, run.wafer) if part)
