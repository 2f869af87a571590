"""Requests and answers of the pages of problems."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import StrictRequest

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


class ProblemQuery(BaseModel):
    """Of the page of one problem."""

    run: str = Field("", description="Id of a check that found it; left out: the newest.")
    wafer: str = Field("", description="Number of the wafer whose trace is shown, from 1.")


class ProblemVerdictRequest(StrictRequest):
    verdict: Literal["true_alarm", "false_alarm"] | None = Field(
        description="What the problem was; null takes it back. Its events in the newest check are judged alike."
    )
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field(
        "", description="The cause, or what was done about it."
    )


class ProblemVerdictAnswer(BaseModel):
    name: str = Field(description="P- and its number.")
    verdict: str | None
    note: str
    by: str | None = Field(description="Who said it.")
    at: str | None = Field(description="When, in UTC.")
