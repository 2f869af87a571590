"""Requests and answers of the pages of problems."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Name, Query, StrictRequest

LONGEST_NOTE = 2000
MOST_AT_ONCE = 500  # problems that one request changes

JudgementWord = Literal["true_alarm", "false_alarm", "intended_change"]
MarkWord = Literal["change", "pm"]
_Problem = Annotated[str, Field(min_length=1, max_length=20)]
_MARK = (
    "Of an intended change: mark the time at which the problem was first seen on the chamber, as a change or as a "
    "maintenance (pm). The mark stays when the verdict is taken back."
)


class ProblemsQuery(BaseModel):
    """Of the page. It shows what is wrong with them instead of refusing them, and passes over other parameters."""

    run: str = Field("", description="Id of a check; left out: the newest one of the data set, or of all.")
    dataset: str = Field("", description="Id of a data set.")
    chamber: str = Field("", description="Only of this chamber.")
    recipe: str = Field("", description="Only of this recipe.")
    sensor: str = Field("", description="Only those that this sensor leads.")
    start: str = Field("", description="Only those seen at or after this time.")
    end: str = Field("", description="Only those seen at or before this time.")
    sort: str = Field("worst", description="worst, time, chamber or sensor.")
    search: str = Field("", description="A problem's number, which opens it, or part of a wafer, lot, chamber, sensor.")
    faults: str = Field("", description="1: show which labelled faults were found, where the data have labels.")


class ProblemQuery(BaseModel):
    """Of the page of one problem."""

    run: str = Field("", description="Id of a check that found it; left out: the newest.")
    wafer: str = Field("", description="Number of the wafer whose trace is shown, from 1.")
    checks: str = Field("", description="1: show what the other checks of the data made of it.")


class FaultsExportQuery(Query):
    format: Literal["csv", "xlsx"] = "csv"


class ProblemVerdictRequest(StrictRequest):
    verdict: JudgementWord | None = Field(
        description="What the problem was; null takes it back. Its events in the newest check are judged alike."
    )
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field(
        "", description="The cause, or what was done about it."
    )
    mark: MarkWord | None = Field(None, description=_MARK)


class ProblemNoteRequest(StrictRequest):
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field("", description="What is to be said about it.")


class ProblemShelveRequest(ProblemNoteRequest):
    hours: Annotated[int, Field(ge=1, le=24 * 365)] = Field(description="For how long.")


class MergeRequest(StrictRequest):
    into: _Problem = Field(description="P- and the number of the other one.")


class SplitRequest(StrictRequest):
    run: Name = Field(description="Id of a check that found the problem.")
    wafers: Annotated[list[Annotated[int, Field(ge=1, le=2**31)]], Field(min_length=1, max_length=10_000)] = Field(
        description="Numbers of the wafers (`run` of GET /runs/{id}/wafers) that become a problem of their own."
    )


class SeveralProblemsRequest(ProblemNoteRequest):
    problems: Annotated[list[_Problem], Field(min_length=1, max_length=MOST_AT_ONCE)] = Field(
        description="P- and the number of each."
    )
    act: Literal["acknowledge", "shelve", "unshelve", "close", "reopen", "merge"]
    hours: Annotated[int, Field(ge=1, le=24 * 365)] | None = Field(None, description="To shelve: for how long.")
    verdict: JudgementWord | None = Field(None, description="To close: what they were.")
    mark: MarkWord | None = Field(None, description=_MARK)
    into: _Problem | None = Field(None, description="To merge: the problem that the others are counted to.")


class ChangeMarkAnswer(BaseModel):
    kind: str = Field(description="change or pm.")
    start: str = Field(description="As the clock of the data shows it.")
    equipment: str | None
    dataset: str


class ProblemStateAnswer(BaseModel):
    name: str = Field(description="P- and its number.")
    state: str = Field(description="new, acknowledged, shelved, closed or merged.")
    state_text: str = Field(description="The same in the reader's language, with who and until when.")
    verdict: str | None = Field(description="true_alarm, false_alarm, intended_change, or null when nobody has said.")
    note: str
    by: str | None = Field(description="Who said what it was.")
    at: str | None = Field(description="When, in UTC.")
    merged_into: str | None = Field(description="The problem that it is counted to.")
    split_from: str | None = Field(description="The problem that its wafers were taken out of.")
    mark: ChangeMarkAnswer | None = Field(description="Of an intended change: the mark where it was first seen.")


class SeveralProblemsAnswer(BaseModel):
    problems: list[ProblemStateAnswer] = Field(description="In the order in which they were named.")
