"""The problems of a detection, in sentences that stand above its events: wafers can be abnormal where no row is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waferwatch.indicators.problems.headline import headline
from waferwatch.indicators.problems.problem import FabProblem, ProblemSeverity
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.said import counted, said
from waferwatch.web.shell.context import Parts

_MOST_NAMED = 5


def problems_sentence(found: Detection, translate: Translator) -> str:
    """How many problems, and how many wafers are abnormal; empty without any."""
    if not found.problems:
        return ""
    numbers = Numbers(translate.language)
    notes = headline(found.problems, found.runs, len(found.scores))
    return " ".join(counted(note, numbers, translate) for note in notes)


def problem_titles(found: Detection, translate: Translator) -> list[str]:
    """What the worst ones are, worst first."""
    return [said(one.title, translate) for one in _counted(found.problems)[:_MOST_NAMED]]


def _counted(problems: Sequence[FabProblem]) -> Sequence[FabProblem]:
    """Those that the sentence counts: weak ones only where there are no others."""
    return [one for one in problems if one.severity is not ProblemSeverity.WEAK] or problems


def problems_found(app: Parts, run: Run, found: Detection, translate: Translator) -> dict[str, Any]:
    """The sentence, the number of problems, and the worst with the names of their pages.

    A threshold that was moved by hand gives no problem a name: each place of the slider would leave its own behind.
    """
    if found.threshold_by == "hand":
        named = [{"name": None, "title": title} for title in problem_titles(found, translate)]
        total = len(_counted(found.problems))
    else:
        listed = app.store.problems.listed(run, found) if found.problems else []
        shown = [one for one in listed if one.problem.severity is not ProblemSeverity.WEAK] or listed
        named = [{"name": one.known.name, "title": said(one.problem.title, translate)} for one in shown[:_MOST_NAMED]]
        total = len(shown)
    return {"sentence": problems_sentence(found, translate), "total": total, "worst": named}
