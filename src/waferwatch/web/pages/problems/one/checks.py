"""What the other checks of the same data made of a problem: found, and how far, or not found by this version."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from waferwatch.errors import DamagedError, NotFoundError
from waferwatch.store.problems.known import KnownProblem
from waferwatch.store.runs import Run, State
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.texts import short_titles
from waferwatch.web.shell.context import Parts

_MOST = 10


@dataclass(frozen=True)
class OtherCheck:
    """One check of the data."""

    at: str
    by: str  # monitor and version, or the detector
    found: bool
    wafers: str
    peak: str
    href: str  # of the problem by this check; of the check where it did not find it
    current: bool


def other_checks(app: Parts, run: Run, known: KnownProblem, translate: Translator) -> list[OtherCheck]:
    """The newest checks of the data, the newest first."""
    checks = app.jobs.all(kind="detection", dataset=run.dataset, state=State.DONE.value, limit=_MOST)
    if run.id not in [one.id for one in checks]:
        checks = [*checks, run]
    lines = (_line(app, one, run, known, translate) for one in checks)
    return [line for line in lines if line is not None]


def _line(app: Parts, check: Run, run: Run, known: KnownProblem, translate: Translator) -> OtherCheck | None:
    try:
        listed = app.store.problems.listed(check, app.store.results.detection(check.id))
    except (NotFoundError, DamagedError):
        return None  # its result is gone, so it says nothing about the problem
    one = next((each.problem for each in listed if each.known.number == known.number), None)
    detector = str(check.options.get("detector") or "")
    numbers, query = Numbers(translate.language), urlencode({"run": check.id})
    return OtherCheck(
        at=numbers.minute(check.created),
        by=str(check.options.get("monitor") or short_titles(translate).get(detector, detector)),
        found=one is not None,
        wafers="" if one is None else f"{one.count}/{one.of}" if one.runs else numbers.whole(one.count),
        peak="" if one is None else f"{min(one.ratio, 999.0):.1f} ×",
        href=f"/problems?{query}" if one is None else f"/problems/{known.name}?{query}",
        current=check.id == run.id,
    )
