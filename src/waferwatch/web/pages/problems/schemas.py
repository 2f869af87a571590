"""Requests and answers of the pages of problems."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Name, Query, StrictRequest

LONGEST_NOTE = 2000


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
    verdict: Literal["true_alarm", "false_alarm"] | None = Field(
        description="What the problem was; null takes it back. Its events in the newest check are judged alike."
    )
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field(
        "", description="The cause, or what was done about it."
    )


class ProblemNoteRequest(StrictRequest):
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field("", description="What is to be said about it.")


class ProblemShelveRequest(ProblemNoteRequest):
    hours: Annotated[int, Field(ge=1, le=24 * 365)] = Field(description="For how long.")


class MergeRequest(StrictRequest):
    into: Annotated[str, Field(min_length=1, max_length=20)] = Field(description="P- and the number of the other one.")


class SplitRequest(StrictRequest):
    run: Name = Field(description="Id of a check that found the problem.")
    wafers: Annotated[list[Annotated[int, Field(ge=1, le=2**31)]], Field(min_length=1, max_length=10_000)] = Field(
        description="Numbers of the wafers (`run` of GET /runs/{id}/wafers) that become a problem of their own."
    )


class ProblemStateAnswer(BaseModel):
    name: str = Field(description="P- and its number.")
    state: str = Field(description="new, acknowledged, shelved, closed or merged.")
    state_text: str = Field(description="The same in the reader's language, with who and until when.")
    verdict: str | None = Field(description="true_alarm, false_alarm, or null when nobody has said.")
    note: str
    by: str | None = Field(description="Who said what it was.")
    at: str | None = Field(description="When, in UTC.")
    merged_into: str | None = Field(description="The problem that it is counted to.")
    split_from: str | None = Field(description="The problem that its wafers were taken out of.")
