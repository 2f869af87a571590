"""A detector made of heads: runs are judged as wholes, streams point by point."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, Self

from waferwatch.detectors.base import Detector, Progress, Scores, no_progress, part_of
from waferwatch.detectors.heads import JointReader, Reader
from waferwatch.detectors.normal import measure
from waferwatch.detectors.runs.alignment import are_runs
from waferwatch.detectors.runs.judge import RunJudge, RunSpace
from waferwatch.detectors.stream_judge import StreamHeads, StreamJudge
from waferwatch.errors import ModelError
from waferwatch.series.series import Series
from waferwatch.settings import current_settings


class FusedDetector(Detector):
    """Scores are those of :func:`waferwatch.detectors.sensors.combine`: 0 is far below usual, 3 usual, and little goes
    beyond 40.

    Each scope (equipment) is judged by its own reference, and by that of all where it has none.

    Args:
        threads: processor threads, 0 for all; None takes the setting.
    """

    as_published: ClassVar[bool] = True  # heads alone, for comparison: without steps of a recipe, without stretches

    def __init__(self, threads: int | None = None) -> None:
        self._threads = (current_settings().threads if threads is None else threads) or os.cpu_count() or 1
        self._judges: dict[tuple[str, ...] | None, StreamJudge | RunJudge] = {}  # by scope; None: all of the reference

    @abstractmethod
    def readers(self, sensors: int) -> list[Reader]:
        """Fresh readers for streams of so many sensors."""

    def joint_readers(self, sensors: int) -> list[JointReader]:
        """Fresh readers of all sensors together."""
        return []

    def run_spaces(self) -> list[RunSpace]:
        """Fresh ways to see runs; without any, runs are judged point by point."""
        return []

    def fit(self, reference: Sequence[Series], progress: Progress = no_progress) -> Self:
        """Learn what is normal. A reference that is too short leaves everything unjudged."""
        scopes = {one.scope for one in reference}
        self._judges = {None: self._judge(reference, progress)}
        for scope in scopes if len(scopes) > 1 else ():
            self._judges[scope] = self._judge([one for one in reference if one.scope == scope], progress)
        return self

    def _judge(self, reference: Sequence[Series], progress: Progress) -> StreamJudge | RunJudge:
        normal = measure(reference)
        spaces = self.run_spaces()
        if spaces and are_runs(reference):
            return RunJudge(reference, normal, spaces, progress)
        sensors = reference[0].sensors
        heads = StreamHeads(self.readers(sensors), self.joint_readers(sensors), self.as_published)
        return StreamJudge(reference, normal, heads, self._threads, progress)

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series on its own."""
        if not self._judges:
            raise ModelError(
                "The detector {name} was asked to score before it was fitted.", hint="Call fit first.", name=self.name
            )
        by_scope: dict[tuple[str, ...] | None, list[int]] = defaultdict(list)
        for number, one in enumerate(series):
            by_scope[one.scope if one.scope in self._judges else None].append(number)
        total = max(1, sum(len(one) for one in series))
        found: dict[int, Scores] = {}
        done = 0
        for scope, numbers in by_scope.items():
            mine = [series[number] for number in numbers]
            points = sum(len(one) for one in mine)
            scores = self._judges[scope].score(mine, part_of(progress, done / total, points / total))
            found.update(zip(numbers, scores, strict=True))
            done += points
        return [found[number] for number in range(len(series))]
