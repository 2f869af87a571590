"""Runs as MOMENT's tokens: what tells good runs from bad ones best (docs/experiments.md)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.heads import Step, keep_on
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.tokens import Lens, Seen, widest_directions
from waferwatch.detectors.runs.judge import RunSpace

DIRECTIONS = 4  # of a token that are kept: with few normal runs more of them are mostly chance
MOST_LOOKED_AT = 2048  # sensors of normal runs whose tokens say which directions are kept: 64 MB of whole tokens

Floats = NDArray[np.float32]


class RunTokens(RunSpace):
    """The tokens of a whole run in a row."""

    weight = 2.0  # beside the traces themselves

    def __init__(self, engine: Engine) -> None:
        self._lens = Lens(engine, centred=False, fault=False)

    def learn(self, traces: Floats, step: Step) -> None:
        columns = traces.reshape(-1, traces.shape[-1])
        some = np.linspace(0, len(columns) - 1, min(len(columns), MOST_LOOKED_AT)).round().astype(int)
        self._lens = replace(self._lens, basis=None)  # of what was learnt before, if anything
        seen = self._look(columns[some], step)
        self._lens = replace(self._lens, basis=widest_directions([seen])[:, :DIRECTIONS])

    def rows(self, traces: Floats) -> Floats:
        runs, sensors, points = traces.shape
        seen = self._look(traces.reshape(-1, points))
        tokens = seen.tokens[seen.observed].reshape(runs, sensors, -1)
        return np.ascontiguousarray(tokens.transpose(1, 0, 2))

    def _look(self, columns: Floats, step: Step = keep_on) -> Seen:
        """Every row (m, L), one sensor of one run, in a window of its own."""
        return self._lens.look(Columns(columns, np.ones(columns.shape, bool)), overlap=0, step=step)
