"""Everything that the page of one problem shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.judge import JudgedWafers
from waferwatch.indicators.problems.problem import Alone, FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.problems.known import KnownProblem
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import NONE, Numbers, place
from waferwatch.web.pages.problems.highest import wafer_name
from waferwatch.web.pages.problems.lines import ProblemLine, problem_line, said
from waferwatch.web.pages.problems.one.event_picture import event_picture
from waferwatch.web.pages.problems.one.wafer_pictures import MOST_SENSORS, trace_picture, trend_picture
from waferwatch.web.results.finished import finished
from waferwatch.web.results.judged import judged_of
from waferwatch.web.shell.context import Parts

_AROUND = 15  # wafers of the chamber that are shown before and after the problem
_MOST_SQUARES = 120


@dataclass(frozen=True)
class WaferSquare:
    """One wafer of the chamber in the strip."""

    kind: str  # off, other, normal
    text: str
    href: str
    current: bool


@dataclass(frozen=True)
class SensorRow:
    """One sensor of the problem, in the order in which they left their bands."""

    name: str
    share: str
    left: str
    arrow: str


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
    no_trend: str  # why there is none
    alone: str
    events: list[EventRow]
    newer: str  # address of the newest check that found it; empty where this is it


def problem_detail(app: Parts, number: int, run_id: str, wafer: str, translate: Translator) -> ProblemDetail:
    """
    Args:
        run_id: of the check to look at; empty: the newest that found the problem.
        wafer: number of the wafer whose trace is shown, from 1; empty or another one: the one farthest off.

    Raises:
        NotFoundError: when there is no such problem, its data are gone, or the check did not find it.
    """
    kept = app.store.problems.get(number)
    run = _run(app, kept, run_id)
    found = app.store.results.detection(run.id)
    known = app.store.problems.of(run, found)
    names = [one.number for one in known]
    if number not in names:
        raise NotFoundError(
            "{name} was not found by this check.",
            hint="Open it without naming a check.",
            field="run",
            name=kept.name,
        )
    at = names.index(number)
    return _Detail(app, run, found, known, at, wafer, translate).made()


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
class _Detail:
    app: Parts
    run: Run
    found: Detection
    known: Sequence[KnownProblem]
    at: int
    wafer: str
    translate: Translator

    @property
    def problem(self) -> FabProblem:
        return self.found.problems[self.at]

    def made(self) -> ProblemDetail:
        one, known, translate = self.problem, self.known[self.at], self.translate
        judged, why = self._judged()
        shown = self._shown()
        trend = None if judged is None else trend_picture(judged, one, shown, translate)
        return ProblemDetail(
            run=self.run,
            line=problem_line(one, known, self.found, translate),
            known=known,
            title=said(one.title, translate),
            facts=self._facts(),
            before=self._neighbour(-1),
            after=self._neighbour(1),
            position=self.at + 1,
            total=len(self.known),
            strip=self._strip(shown),
            shown=wafer_name(self.found.runs[shown]) if one.runs else "",
            shown_reason=said(self.found.runs[shown].sentence, translate) if one.runs else "",
            wafer_before=self._step(shown, -1),
            wafer_after=self._step(shown, 1),
            sensors=[self._sensor(each.sensor, each.share, each.direction, each.left_at) for each in one.sensors],
            trend=trend,
            trends=self._trends(shown),
            trace=self._trace(judged, shown),
            no_trend=why,
            alone=self._alone(),
            events=self._events(),
            newer="" if known.run == self.run.id else f"/problems/{known.name}",
        )

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

    def _shown(self) -> int:
        runs = self.problem.runs
        if self.wafer.isascii() and self.wafer.isdigit() and int(self.wafer[:9]) - 1 in runs:
            return int(self.wafer[:9]) - 1
        return max(runs, key=lambda number: np.nan_to_num(self.found.runs[number].ratio, nan=-1.0), default=-1)

    def _address(self, **more: object) -> str:
        return f"/problems/{self.known[self.at].name}?{urlencode({'run': self.run.id, **more})}"

    def _neighbour(self, step: int) -> str:
        at = self.at + step
        if not 0 <= at < len(self.known):
            return ""
        return f"/problems/{self.known[at].name}?{urlencode({'run': self.run.id})}"

    def _step(self, shown: int, step: int) -> str:
        runs = self.problem.runs
        if shown not in runs or not 0 <= runs.index(shown) + step < len(runs):
            return ""
        return self._address(wafer=runs[runs.index(shown) + step] + 1)

    def _facts(self) -> list[tuple[str, str]]:
        """In the order in which engineers read an alarm."""
        one, translate, numbers = self.problem, self.translate, Numbers(self.translate.language)
        lots = list(dict.fromkeys(self.found.runs[run].lot or "" for run in one.runs))
        facts = [
            (translate("Chamber"), one.equipment or ""),
            (translate("Recipe"), ", ".join(one.recipes)),
            (translate("Step"), ", ".join(one.steps)),
            (translate("Lot"), ", ".join(lot for lot in lots if lot)),
            (translate("Wafers"), f"{one.count}/{one.of}" if one.runs else ""),
            (translate("Since"), place(one.first_seen)),
            (translate("Last seen"), place(one.last_seen)),
            (translate("Onset"), place(one.onset)),
            (translate("Peak"), f"{min(one.ratio, 999.0):.1f} ×" if one.runs else numbers.short(one.peak_score)),
            (translate("Monitor"), str(self.run.options.get("monitor") or "")),
        ]
        return [(title, value) for title, value in facts if value]

    def _strip(self, shown: int) -> list[WaferSquare]:
        """Wafers of the chamber and recipe around the problem."""
        runs, one = self.found.runs, self.problem
        if not one.runs:
            return []
        alike = [
            number
            for number, run in enumerate(runs)
            if run.equipment == one.equipment and run.recipe in (one.recipe, *one.recipes, None)
        ]
        first, last = alike.index(one.runs[0]), alike.index(one.runs[-1])
        listed = alike[max(0, first - _AROUND) : last + _AROUND + 1][:_MOST_SQUARES]
        affected = set(one.runs)
        squares = []
        for number in listed:
            kind = "off" if number in affected else "other" if runs[number].abnormal else "normal"
            text = f"{wafer_name(runs[number]) or number + 1}, {place(runs[number].start or '')}"
            href = self._address(wafer=number + 1) if number in affected else ""
            squares.append(WaferSquare(kind, text, href, number == shown))
        return squares

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
        shown = translate("length of the step") if name == "_length" else name
        return SensorRow(shown, numbers.share(share, 0), left, {"up": "↑", "down": "↓"}.get(direction, "~"))

    def _alone(self) -> str:
        one, translate = self.problem, self.translate
        if one.alone is Alone.YES:
            return translate("yes: the same step on other chambers is within limits")
        if one.alone is Alone.NO:
            return translate("no: {chambers} too").format(chambers=", ".join(one.also_on))
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
