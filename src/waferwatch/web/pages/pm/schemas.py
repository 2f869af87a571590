"""Requests and answers of the PM check page."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Figure, Name, Place, Query


class CheckQuery(Query):
    at: Annotated[Place, Field(min_length=1)] = Field(
        description="Time of the maintenance, as the clock of the data: wafers that begin before it are before."
    )
    equipment: Name | None = Field(None, description="Only this chamber; left out: all.")
    tolerances: Annotated[str, Field(max_length=5000)] = Field(
        "", description="Differences of means that are harmless, as SENSOR=0.5, separated by commas."
    )


class CheckExportQuery(CheckQuery):
    format: Literal["csv", "xlsx", "parquet"] = "csv"


class CheckIndicatorQuery(CheckQuery):
    step: Annotated[str, Field(max_length=1000)]
    sensor: Name
    recipe: Annotated[str, Field(max_length=1000)] = ""
    statistic: Name = "mean"


class Proposal(BaseModel):
    """When a maintenance may have been."""

    equipment: str | None
    at: str = Field(description="Start of the first wafer after it, or where somebody marked it.")
    start: str
    end: str
    source: Literal["mark", "pause"]
    title: str
    before: int | None = Field(description="Wafers of the chamber before it; null for a mark.")
    after: int | None


class ProposalList(BaseModel):
    chambers: list[str]
    proposals: list[Proposal] = Field(description="Marks first, then pauses, the longest first.")


class Spark(BaseModel):
    before: list[float | None]
    after: list[float | None]
    lower: float | None
    upper: float | None


class CheckLine(BaseModel):
    """A sensor that is not simply back."""

    verdict: str
    sign: str
    word: str
    title: str
    said: str
    sensor: str
    step: str
    recipe: str
    equipment: str
    statistic: str
    spark: Spark


class CheckCell(BaseModel):
    """The worst verdict of a sensor in a step."""

    sensor: str
    step: str
    verdict: str
    sign: str
    settled_after: int | None
    statistic: str
    recipe: str
    equipment: str
    said: str


class CheckSensor(BaseModel):
    sensor: str
    title: str


class CheckAnswer(BaseModel):
    dataset: str
    dataset_name: str
    equipment: str | None
    at: str
    verdict: str = Field(description="back, settling, not_known or out.")
    sign: str
    word: str
    sentence: str
    about: str
    counts: dict[str, int]
    counted: list[str] = Field(description="The counts in words.")
    not_run: list[str]
    lines: list[CheckLine] = Field(description="One for each sensor that is not simply back, worst first.")
    steps: list[str]
    sensors: list[CheckSensor]
    cells: list[CheckCell]
    signs: dict[str, str] = Field(description="Verdict to its sign and word.")


class CheckIndicatorAnswer(BaseModel):
    title: str
    said: str
    trend: Figure
    trace: Figure | None
