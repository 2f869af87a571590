"""The wafers of a problem over golden wafers of the same step, on its chamber and on the sisters."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from waferwatch.indicators.judge import sensor_values
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.series.steps import step_name
from waferwatch.web.figures.problem.drawing import Drawing, DrawnLine, DrawnPanel, draw
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.problems.one.wafer_pictures import seconds_of, stages_of, timed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_LINES = 20  # of each kind on one chamber


def overlay_picture(judged: JudgedWafers, problem: FabProblem, translate: Translator) -> Markup | None:
    """The leading sensor in the leading step; None where a problem has no wafers, its step no sensor or wafers one row.

    On the problem's chamber its own wafers are drawn over normal ones; on the sisters the wafers nearest in time.
    """
    stages = stages_of(judged, problem)
    if not problem.runs or not stages or problem.sensor not in judged.model.sensors:
        return None
    panels = [_panel(judged, problem, stage) for stage in stages]
    if all(len(line.x) < 2 for panel in panels for line in panel.lines):
        return None
    template = (
        translate("{sensor} in {step}: wafers of the problem over golden wafers")
        if problem.step
        else translate("{sensor}: wafers of the problem over golden wafers")
    )
    label = template.format(sensor=problem.sensor, step=step_name(problem.step or ""))
    return draw(Drawing(label, panels, unit=" s" if timed(judged) else "", one_scale=True))


def _panel(judged: JudgedWafers, problem: FabProblem, stage: int) -> DrawnPanel:
    cells = judged.cells
    mine = np.flatnonzero(cells.stage == stage)
    runs = cells.run[mine]
    own = np.isin(runs, problem.runs)
    verdicts = [judged.runs[run] for run in runs.tolist()]
    abnormal = np.array([one.abnormal for one in verdicts], np.bool_)
    same = abnormal & np.array([one.sensor == problem.sensor for one in verdicts], np.bool_)
    usual = _near(mine[~own & ~abnormal], judged, problem)
    off = mine[own] if own.any() else _near(mine[same], judged, problem)
    lines = [DrawnLine("usual", *_course(judged, cell, problem.sensor)) for cell in usual.tolist()]
    lines += [DrawnLine("affected", *_course(judged, cell, problem.sensor)) for cell in _spread(off).tolist()]
    nothing = np.empty(0)
    return DrawnPanel(cells.names[stage].equipment, nothing, nothing, lines=lines)


def _near(found: Ints, judged: JudgedWafers, problem: FabProblem) -> Ints:
    """The cells whose wafers are nearest to the first one of the problem."""
    far = np.abs(judged.cells.run[found] - problem.runs[0])
    nearest: Ints = np.sort(found[np.argsort(far, kind="stable")[:_MOST_LINES]])
    return nearest


def _spread(found: Ints) -> Ints:
    """No more than can be kept apart by eye, the first and the last among them."""
    if len(found) <= _MOST_LINES:
        return found
    return found[np.unique(np.linspace(0, len(found) - 1, _MOST_LINES).round().astype(np.int64))]


def _course(judged: JudgedWafers, cell: int, sensor: str) -> tuple[Floats, Floats]:
    cells = judged.cells
    start = int(cells.starts[cell])
    rows = cells.rows[start : start + int(cells.lengths[cell])]
    return seconds_of(judged, rows), sensor_values(judged.table, [sensor])(rows)[:, 0]
