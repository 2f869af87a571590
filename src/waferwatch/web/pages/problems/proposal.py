"""Which wafers of a check to take as normal, where nobody has said so yet: a golden set to confirm with one click."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from waferwatch.jobs.options import Options
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.datasets import Dataset
from waferwatch.store.monitors.names import LONGEST_NAME
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Judgement
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.html.said import said
from waferwatch.web.pages.problems.highest import wafer_name
from waferwatch.web.pages.problems.scope import moment_of

_FEWEST_WAFERS = 25  # normal ones: fewer make no limits that last
_LEAST_SHARE = 0.25  # of the time without wafers that one calm stretch must last
_MOST_ASIDE = 5000  # wafers that can be left out by name
_MOST_SHOWN = 100
_SUFFIX = "-golden"
_UNLIKE = "unlike the others and were not learnt from"  # in the note of a detection that names them


@dataclass(frozen=True)
class AsideWafer:
    """A wafer that is not proposed, and why."""

    name: str
    chamber: str
    reason: str


@dataclass(frozen=True)
class GoldenProposal:
    """For the template; ``request`` is the body of the request that learns from it."""

    name: str
    sentence: str
    learnt_aside: str  # what the automatic reference of the check left out of learning; empty where it left out nothing
    aside: list[AsideWafer]
    aside_total: int
    request: str
    look: str  # address of the wafers in Trends; empty without wafers


def golden_proposal(
    run: Run, found: Detection, listed: Sequence[ListedProblem], dataset: Dataset, translate: Translator
) -> GoldenProposal | None:
    """What to take as normal after a check that nobody named normal data for; None where too little is normal."""
    wafers = [one for one in found.runs if one.wafer is not None]
    if wafers:
        return _of_wafers(run, found, listed, dataset, translate)
    return _of_time(run, found, dataset, translate)


def _of_wafers(
    run: Run, found: Detection, listed: Sequence[ListedProblem], dataset: Dataset, translate: Translator
) -> GoldenProposal | None:
    reasons = _reasons(found, listed, translate)
    aside = [AsideWafer(wafer_name(found.runs[at]), found.runs[at].equipment or "", why) for at, why in reasons.items()]
    normal = Counter(one.equipment or "" for at, one in enumerate(found.runs) if at not in reasons)
    names = sorted({one.name for one in aside})
    if normal.total() < _FEWEST_WAFERS or len(names) > _MOST_ASIDE:
        return None
    numbers = Numbers(translate.language)
    chambers = ", ".join(f"{name} {numbers.whole(count)}" for name, count in sorted(normal.items()) if name)
    sentence = translate("{normal} of {wafers} wafers look normal ({chambers}); {aside} are set aside.").format(
        normal=numbers.whole(normal.total()),
        wafers=numbers.whole(len(found.runs)),
        chambers=chambers or numbers.whole(normal.total()),
        aside=numbers.whole(len(aside)),
    )
    choice: dict[str, Any] = {"leave_out": names} if names else {}
    look = f"/trends?{urlencode({'run': run.id})}"
    return _proposal(run, dataset, found.notes, sentence, choice, aside, look, translate)


def _reasons(found: Detection, listed: Sequence[ListedProblem], translate: Translator) -> dict[int, str]:
    """Position of each wafer that is set aside, and why; what an engineer called a false alarm is normal."""
    false = {at for one in listed if one.known.verdict is Judgement.FALSE_ALARM for at in one.problem.runs}
    reasons: dict[int, str] = {}
    for at, one in enumerate(found.runs):
        if one.abnormal and at not in false:
            reasons[at] = said(one.sentence, translate)
        elif isnan(one.score):
            reasons[at] = translate("not judged")
    for each in listed:
        for at in each.problem.runs:
            if at not in false:
                reasons.setdefault(at, f"{each.known.name}: {said(each.problem.title, translate)}")
    return dict(sorted(reasons.items()))


def _of_time(run: Run, found: Detection, dataset: Dataset, translate: Translator) -> GoldenProposal | None:
    """The longest stretch without an event on any chamber."""
    if "time" not in dataset.roles.values() or not found.runs:
        return None
    ends = [(one.start, one.end) for one in found.runs if one.start is not None and one.end is not None]
    if not ends:
        return None
    first, last = min((one[0] for one in ends), key=moment_of), max((one[1] for one in ends), key=moment_of)
    start, end, length = first, first, -1.0
    calm: str | float = first
    for event in [*sorted(found.events, key=lambda one: moment_of(one.start)), None]:
        until = last if event is None else event.start
        if moment_of(until) - moment_of(calm) > length:
            start, end, length = calm, until, moment_of(until) - moment_of(calm)
        if event is not None and moment_of(event.end) > moment_of(calm):
            calm = event.end
    whole = moment_of(last) - moment_of(first)
    if not found.events or length < _LEAST_SHARE * whole:
        return None
    sentence = translate("Nothing stands out from {start} to {end}; the rest is set aside.").format(
        start=place(start), end=place(end)
    )
    choice = {"start": str(start), "end": str(end)}
    return _proposal(run, dataset, found.notes, sentence, choice, [], "", translate)


def _proposal(
    run: Run,
    dataset: Dataset,
    notes: Sequence[Note],
    sentence: str,
    choice: dict[str, Any],
    aside: list[AsideWafer],
    look: str,
    translate: Translator,
) -> GoldenProposal:
    options = Options.from_dict(run.options)
    wished = {"detector": options.detector, "checkpoint": options.checkpoint, "features": options.features}
    given = {name: list(one) if isinstance(one, tuple) else one for name, one in wished.items() if one is not None}
    request = {"datasets": [dataset.id], "activate": True, **choice, **given}
    stem = re.sub(r"[^\w.-]+", "-", PurePath(dataset.name).stem).strip("-._")[: LONGEST_NAME - len(_SUFFIX)]
    return GoldenProposal(
        f"{stem or 'file'}{_SUFFIX}",
        sentence,
        " ".join(translated([note for note in notes if _UNLIKE in note.template], translate)),
        aside[:_MOST_SHOWN],
        len(aside),
        json.dumps(request, ensure_ascii=False),
        look,
    )
