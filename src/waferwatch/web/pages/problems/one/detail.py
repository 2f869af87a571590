"""Everything that the page of one problem shows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.problems.problem import Alone, FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.problems.known import KnownProblem, problem_name
from waferwatch.store.recent import Recent
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import NONE, Numbers, place
from waferwatch.web.html.said import said
from waferwatch.web.pages.problems.acts.marked import of_change, place_of_change
from waferwatch.web.pages.problems.highest import wafer_name
from waferwatch.web.pages.problems.lines import ProblemLine, problem_line, short_title, state_text
from waferwatch.web.pages.problems.one.checks import OtherCheck, other_checks
from waferwatch.web.pages.problems.one.event_picture import event_picture
from waferwatch.web.pages.problems.one.facts import WaferSquare, facts_of, wafer_strip
from waferwatch.web.pages.problems.one.history import HistoryLine, history_of
from waferwatch.web.pages.problems.one.moved import ARROWS, LENGTH_SENSOR, MovedSensor, what_moved
from waferwatch.web.pages.problems.one.overlay import overlay_picture
from waferwatch.web.pages.problems.one.wafer_pictures import (
    MOST_SENSORS,
    is_one_row,
    trace_picture,
    trend_picture,
    values_picture,
)
from waferwatch.web.results.finished import finished
from waferwatch.web.results.judged import judged_of
from waferwatch.web.results.keys import detection_key
from waferwatch.web.shell.context import Parts

_DRAWN_BYTES = 64 * 2**20  # pictures of some hundred problems


@dataclass(frozen=True)
class SensorRow:
    """One sensor of the problem, in the order in which they left their bands."""

    name: str
    share: str
    left: str
    arrow: str


@dataclass(frozen=True)
class MergeChoice:
    """Another problem of the chamber that this one may be counted to, or one that is counted to it."""

    name: str
    title: str


@dataclass(frozen=True)
class SimilarProblem:
    """A problem of the same kind, and what was said of it."""

    name: str
    chamber: str
    data: str
    state_text: str
    note: str


@dataclass(frozen=True)
class EventRow:
    """One event of the problem, which has a page of its own."""

    number: int
    start: str
    end: str
    peak: str
    href: str


@dataclass(frozen=True)
class ProblemDetail:
    """For the template."""

    run: Run
    line: ProblemLine
    known: KnownProblem
    title: str
    facts: list[tuple[str, str]]
    before: str  # address of the one before it in the list, and after it; empty at the ends
    after: str
    position: int
    total: int
    strip: list[WaferSquare]
    shown: str  # name of the wafer whose trace is drawn
    shown_reason: str
    wafer_before: str  # addresses
    wafer_after: str
    sensors: list[SensorRow]
    trend: Markup | None
    trends: str  # address of the page of trends
    trace: Markup | None
    one_row: bool  # the wafer shown has one row: instead of a trace there are other sensors wafer by wafer, if any
    no_trend: str  # why there is none
    alone: str
    events: list[EventRow]
    newer: str  # address of the newest check that found it; empty where this is it
    overlay: Markup | None  # its wafers over golden ones of the same step, and those of the sisters
    moved: list[MovedSensor]
    history: list[HistoryLine]
    wafers: list[tuple[int, str]]  # number and name of each, to split some of them off
    others: list[MergeChoice]
    merged: list[MergeChoice]
    split_from: str
    similar: list[SimilarProblem]
    checks: list[OtherCheck] | None  # None while nobody has asked
    compare: str  # address that asks


@dataclass(frozen=True)
class DrawnProblem:
    """What takes long to draw, and depends on the result of the check alone."""

    trend: Markup | None
    why: str  # there is no trend
    trace: Markup | None
    one_row: bool
    overlay: Markup | None
    moved: list[MovedSensor]

    @property
    def bytes(self) -> int:
        return 1000 + sum(len(one) for one in (self.trend, self.trace, self.overlay) if one is not None)


_pictures: Recent[Hashable, DrawnProblem] = Recent(_DRAWN_BYTES, lambda one: one.bytes)


def open_problem(app: Parts, number: int, query: Mapping[str, str], translate: Translator) -> OpenedProblem:
    """A problem of a check, without its pictures.

    Args:
        query: of the address: ``run``, the check to look at (the newest that found the problem), ``wafer``, the number
            of the wafer whose trace is shown, from 1 (the one farthest off), and ``checks``.

    Raises:
        NotFoundError: when there is no such problem, its data are gone, or the check did not find it.
    """
    kept = app.store.problems.get(number)
    run = _run(app, kept, query.get("run", ""))
    found = app.store.results.detection(run.id)
    listed = app.store.problems.listed(run, found)
    at = next((at for at, one in enumerate(listed) if one.known.number == number), None)
    if at is None:
        raise NotFoundError(
            "{name} was not found by this check.",
            hint="Another check of the same data found it: open it without naming a check.",
            field="run",
            name=kept.name,
        )
    return OpenedProblem(app, run, found, listed, at, query, translate)


def _run(app: Parts, kept: KnownProblem, run_id: str) -> Run:
    try:
        app.store.datasets.get(kept.dataset)
        return app.jobs.result_of(run_id or kept.run)
    except NotFoundError as error:
        raise NotFoundError(
            "{name} belonged to {data}, whose check is no longer kept.",
            hint="Check the data again: the problem keeps its number while the data are there.",
            field="problem",
            name=kept.name,
            data=kept.dataset_name or "demo",
        ) from error


@dataclass(frozen=True)
class OpenedProblem:
    """A problem of a check that somebody looks at."""

    app: Parts
    run: Run
    found: Detection
    listed: Sequence[ListedProblem]
    at: int
    query: Mapping[str, str]
    translate: Translator

    @property
    def problem(self) -> FabProblem:
        return self.listed[self.at].problem

    @property
    def known(self) -> KnownProblem:
        return self.listed[self.at].known

    def shown_with(self, drawn: DrawnProblem) -> ProblemDetail:
        """Everything that the page shows."""
        one, known, translate, shown = self.problem, self.known, self.translate, self._shown
        return ProblemDetail(
            run=self.run,
            line=self._line(),
            known=known,
            title=said(one.title, translate),
            facts=facts_of(self.run, self.found, one, translate),
            before=self._neighbour(-1),
            after=self._neighbour(1),
            position=self.at + 1,
            total=len(self.listed),
            strip=wafer_strip(self.found, one, shown, lambda number: self._address(wafer=number)),
            shown=wafer_name(self.found.runs[shown]) if one.runs else "",
            shown_reason=said(self.found.runs[shown].sentence, translate) if one.runs else "",
            wafer_before=self._step(shown, -1),
            wafer_after=self._step(shown, 1),
            sensors=[self._sensor(each.sensor, each.share, each.direction, each.left_at) for each in one.sensors],
            trend=drawn.trend,
            trends=self._trends(shown),
            trace=drawn.trace,
            one_row=drawn.one_row,
            no_trend=drawn.why,
            alone=self._alone(),
            events=self._events(),
            newer="" if known.run == self.run.id else f"/problems/{known.name}",
            overlay=drawn.overlay,
            moved=drawn.moved,
            history=history_of(self.app, known, translate),
            checks=other_checks(self.app, self.run, known, translate) if self.query.get("checks") else None,
            compare=f"{self._address(checks=1)}#checks",
            similar=self._similar(),
            **self._grouping(),
        )

    @property
    def kept(self) -> DrawnProblem | None:
        """Its pictures where they are drawn already."""
        return _pictures.find(self._key)

    def drawn(self) -> DrawnProblem:
        """Its pictures, drawn once for everybody who looks at them."""
        return _pictures.get(self._key, self._draw)

    @property
    def _key(self) -> Hashable:
        return self.translate.language, self._shown, detection_key(self.app, self.run), repr(self.problem)

    def _draw(self) -> DrawnProblem:
        one, translate, shown = self.problem, self.translate, self._shown
        judged, why = self._judged()
        trace = self._trace(judged, shown)
        if judged is None:
            return DrawnProblem(None, why, trace, False, None, [])
        trend, overlay = trend_picture(judged, one, shown, translate), overlay_picture(judged, one, translate)
        single = is_one_row(judged, shown)
        return DrawnProblem(trend, why, trace, single, overlay, what_moved(judged, one, translate))

    def _line(self) -> ProblemLine:
        marks = self.app.store.marks.of(self.run.dataset)
        marked = of_change(marks, *place_of_change(self.problem)) is not None
        return replace(problem_line(self.listed[self.at], self.found, self.translate), marked=marked)

    def _similar(self) -> list[SimilarProblem]:
        return [
            SimilarProblem(
                one.name, one.equipment, one.dataset_name or "demo", state_text(one, self.translate), one.note
            )
            for one in self.app.store.problems.alike(self.known)
        ]

    def _grouping(self) -> dict[str, Any]:
        """What can be split off, what it can be merged into, and what was merged into it."""
        runs, known = self.found.runs, self.known
        same = [one for one in self.listed if one.known.equipment == known.equipment and one.known != known]
        return {
            "wafers": [(run + 1, wafer_name(runs[run]) or str(run + 1)) for run in self.problem.runs],
            "others": [MergeChoice(one.known.name, short_title(one.problem, self.translate)) for one in same],
            "merged": [
                MergeChoice(one.name, said(one.title, self.translate))
                for one in self.app.store.problems.merged_into(known.number)
            ],
            "split_from": "" if known.split_from is None else problem_name(known.split_from),
        }

    def _judged(self) -> tuple[JudgedWafers | None, str]:
        """The wafers with their indicators, or why there are none."""
        if not self.problem.runs:
            return None, self.translate(
                "These wafers have no limits, so there is no trend: they were judged row by row."
            )
        try:
            return judged_of(self.app, self.run.id), ""
        except InputError as error:
            return None, error.message(self.translate)

    @cached_property
    def _shown(self) -> int:
        runs, wafer = self.problem.runs, self.query.get("wafer", "")
        if wafer.isascii() and wafer.isdigit() and int(wafer[:9]) - 1 in runs:
            return int(wafer[:9]) - 1
        return max(runs, key=lambda number: np.nan_to_num(self.found.runs[number].ratio, nan=-1.0), default=-1)

    def _address(self, **more: object) -> str:
        return f"/problems/{self.known.name}?{urlencode({'run': self.run.id, **more})}"

    def _neighbour(self, step: int) -> str:
        at = self.at + step
        if not 0 <= at < len(self.listed):
            return ""
        return f"/problems/{self.listed[at].known.name}?{urlencode({'run': self.run.id})}"

    def _step(self, shown: int, step: int) -> str:
        runs = self.problem.runs
        if shown not in runs or not 0 <= runs.index(shown) + step < len(runs):
            return ""
        return self._address(wafer=runs[runs.index(shown) + step] + 1)

    def _trends(self, shown: int) -> str:
        one = self.problem
        view = {
            "run": self.run.id,
            "chamber": one.equipment,
            "recipe": one.recipe,
            "step": one.step,
            "sensor": one.sensor,
            "stat": one.statistic,
            "wafer": shown + 1,
        }
        return f"/trends?{urlencode({name: value for name, value in view.items() if value})}"

    def _trace(self, judged: JudgedWafers | None, shown: int) -> Markup | None:
        names = [each.sensor for each in self.problem.sensors]
        if judged is not None:
            known = [name for name in names if name in judged.model.sensors][:MOST_SENSORS]
            known = known or judged.model.sensors[:1]
            if is_one_row(judged, shown):
                return values_picture(judged, self.problem, known, shown, self.translate)
            return trace_picture(judged, known, shown, self._normal_before(shown), self.translate)
        ids = set(self.problem.events)
        events = [event for event in self.found.events if event.id in ids]
        if not events:
            return None
        table = finished(self.app, self.run.id).table
        worst = max(events, key=lambda event: event.peak_score)
        drawn = [name for name in names if name in table.frame.columns][:MOST_SENSORS]
        return event_picture(table, worst, drawn, self.translate)

    def _normal_before(self, shown: int) -> int | None:
        """The last normal wafer of the same chamber and recipe; else the next one."""
        runs = self.found.runs
        here = (runs[shown].equipment, runs[shown].recipe)
        alike = [number for number, run in enumerate(runs) if not run.abnormal and (run.equipment, run.recipe) == here]
        earlier = [number for number in alike if number < shown]
        return earlier[-1] if earlier else next(iter(alike), None)

    def _sensor(self, name: str, share: float, direction: str, left_at: str | float | None) -> SensorRow:
        numbers, translate = Numbers(self.translate.language), self.translate
        stayed = translate("stayed in its band") if self.problem.runs else NONE
        left = stayed if left_at is None else place(left_at)
        shown = translate("length of the step") if name == LENGTH_SENSOR else name
        return SensorRow(shown, numbers.share(share, 0), left, ARROWS.get(direction, "~"))

    def _alone(self) -> str:
        one, translate = self.problem, self.translate
        if one.alone is Alone.NO:
            return translate("no: {chambers} too").format(chambers=", ".join(one.also_on))
        if not one.step:
            if one.alone is Alone.YES:
                return translate("yes: other chambers are within limits")
            return translate("not known: no other chamber ran within 24 h")
        if one.alone is Alone.YES:
            return translate("yes: the same step on other chambers is within limits")
        return translate("not known: no other chamber ran the same step within 24 h")

    def _events(self) -> list[EventRow]:
        ids, numbers = set(self.problem.events), Numbers(self.translate.language)
        return [
            EventRow(
                event.id,
                place(event.start),
                place(event.end),
                numbers.short(event.peak_score) if np.isfinite(event.peak_score) else "",
                f"/problems/event?{urlencode({'run': self.run.id, 'event': event.id})}",
            )
            for event in self.found.events
            if event.id in ids
        ]
