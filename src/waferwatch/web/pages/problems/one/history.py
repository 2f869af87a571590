"""What was done to a problem, by whom and when: its lines of the audit log in words."""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.store.audit import Entry
from waferwatch.store.problems.known import KnownProblem
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.html.texts import event_words
from waferwatch.web.shell.context import Parts


@dataclass(frozen=True)
class HistoryLine:
    """One act."""

    at: str
    user: str
    what: str
    note: str


def history_of(app: Parts, known: KnownProblem, translate: Translator) -> list[HistoryLine]:
    """The newest first."""
    numbers = Numbers(translate.language)
    return [
        HistoryLine(numbers.moment(one.at), one.user, _what(one, numbers, translate), str(one.detail.get("note") or ""))
        for one in app.store.audit.about(known.name)
    ]


def _what(one: Entry, numbers: Numbers, translate: Translator) -> str:
    if one.action == "judge problem":
        verdict = one.detail.get("verdict")
        return event_words(translate)[verdict] if verdict else translate("the verdict was taken back")
    words = {
        "acknowledge problem": translate("acknowledged"),
        "shelve problem": translate("shelved until {time}"),
        "unshelve problem": translate("brought back to the list"),
        "merge problem": translate("merged into {problem}"),
        "take in problem": translate("{problem} was merged into it"),
        "separate problem": translate("stands on its own again"),
        "give back problem": translate("{problem} stands on its own again"),
        "split problem": translate("{problem} was split off"),
        "split off problem": translate("split from {problem}"),
    }
    until = numbers.minute(str(one.detail.get("shelved_until") or ""))
    problem = one.detail.get("problem") or one.detail.get("into") or ""
    return words.get(one.action, one.action).format(time=until, problem=problem)
