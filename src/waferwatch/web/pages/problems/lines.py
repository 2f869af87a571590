"""A problem as one line of the list."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from markupsafe import Markup

from waferwatch.indicators.problems.problem import Alone, FabProblem
from waferwatch.scoring.result import Detection
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.problems.known import KnownProblem, ProblemState, problem_name
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place, until
from waferwatch.web.html.said import said
from waferwatch.web.html.texts import event_words, severity_words

SIGNS = {"severe": "◆", "clear": "▲", "weak": "●"}
_MOST_FOLLOWING = 3  # sensors that are named as coming next
_SPARK_WAFERS, _SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_TOP = 30, 120, 26, 4.0


@dataclass(frozen=True)
class ProblemLine:
    """What the list shows of a problem."""

    name: str  # P-12
    severity: str
    sign: str
    word: str
    why: str
    title: str
    following: str
    chamber: str
    sensor: str  # the leading one
    place: str  # recipe and step
    wafers: str
    first: str
    last: str
    ongoing: bool
    spark: Markup
    state: str
    state_text: str
    verdict: str
    verdict_word: str
    note: str
    marked: bool = False  # whether the change that it was is marked
    live: int | None = None  # number of an open alarm of live data on the same chamber and sensor


def problem_line(listed: ListedProblem, found: Detection, translate: Translator) -> ProblemLine:
    one, known = listed.problem, listed.known
    kind = one.severity.value
    verdict = "" if known.verdict is None else known.verdict.value
    return ProblemLine(
        name=known.name,
        severity=kind,
        sign=SIGNS[kind],
        word=severity_words(translate)[kind],
        why=said(one.why, translate),
        title=short_title(one, translate),
        following=_following(one, translate),
        chamber=one.equipment or "",
        sensor=one.sensor,
        place=" · ".join(part for part in (one.step, one.recipe) if part),
        wafers=_wafers(one, translate),
        first=place(one.first_seen),
        last=until(one.first_seen, one.last_seen),
        ongoing=one.ongoing,
        spark=_spark(one, found),
        state=known.state.value,
        state_text=state_text(known, translate),
        verdict=verdict,
        verdict_word=event_words(translate)[verdict] if verdict else "",
        note=known.note,
    )


def state_text(known: KnownProblem, translate: Translator) -> str:
    """Where a problem stands, with who said so and until when."""
    if known.state is ProblemState.CLOSED and known.verdict is not None:
        return f"{event_words(translate)[known.verdict.value]} · {known.user}"
    if known.state is ProblemState.SHELVED:
        until_when = Numbers(translate.language).minute(known.shelved_until or "")
        return translate("shelved until {time} · {name}").format(time=until_when, name=known.shelved_by)
    if known.state is ProblemState.MERGED:
        return translate("merged into {problem}").format(problem=problem_name(known.merged_into or 0))
    if known.state is ProblemState.ACKNOWLEDGED:
        return translate("acknowledged · {name}").format(name=known.acknowledged_by)
    return translate("new")


def short_title(one: FabProblem, translate: Translator) -> str:
    """Sensor and how far it is off: the columns next to it say the rest."""
    change = str((one.title.values if one.title else {}).get("change", "")) or translate("unusual")
    return f"{translate('length of the step') if one.sensor == '_length' else one.sensor} {change}"


def _wafers(one: FabProblem, translate: Translator) -> str:
    if not one.runs:
        return translate("events: {count}").format(count=one.count)
    return f"{one.count}/{one.of}"


def _following(one: FabProblem, translate: Translator) -> str:
    """What came next, and where else it is."""
    parts = []
    then = [each.sensor for each in one.sensors if each.sensor != one.sensor and each.left_at is not None]
    if then:
        parts.append(translate("then {sensors}").format(sensors=", ".join(then[:_MOST_FOLLOWING])))
    if one.alone is Alone.NO and one.also_on:
        parts.append(translate("also on {chambers}").format(chambers=", ".join(one.also_on)))
    return " · ".join(parts)


def _last_wafers(one: FabProblem, found: Detection) -> list[int]:
    """Positions of the chamber's wafers up to the last one of the problem, as many as the spark line has room for."""
    before = range(one.runs[-1], -1, -1)
    own = (number for number in before if found.runs[number].equipment == one.equipment)
    return list(islice(own, _SPARK_WAFERS))[::-1]


def _spark(one: FabProblem, found: Detection) -> Markup:
    """The chamber's last wafers as multiples of the limit; its line says the rest in words."""
    if not one.runs:
        return Markup()
    shown = _last_wafers(one, found)
    ratios = np.nan_to_num(np.array([found.runs[number].ratio for number in shown]))
    top = np.log1p(max(_SPARK_TOP, float(ratios.max(initial=0.0))))
    room = _SPARK_HEIGHT - 4
    down = (_SPARK_HEIGHT - 2 - room * np.log1p(ratios) / top).tolist()
    limit = _SPARK_HEIGHT - 2 - room * np.log1p(1.0) / top
    mine, step = set(one.runs), _SPARK_WIDTH / _SPARK_WAFERS
    dots = {True: "", False: ""}
    for at, (number, y) in enumerate(zip(shown, down, strict=True)):
        dots[number in mine] += f"M{(at + 0.5) * step:g} {y:.1f}h0"
    return Markup(
        f'<svg class="spark" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" width="{_SPARK_WIDTH}" '
        f'height="{_SPARK_HEIGHT}" aria-hidden="true"><path class="spark-limit" d="M0 {limit:.1f}H{_SPARK_WIDTH}"/>'
        f'<path class="spark-dot" d="{dots[False]}"/><path class="spark-dot off" d="{dots[True]}"/></svg>'
    )
