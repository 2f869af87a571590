"""Requests and answers of wafers and problems."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Query


class WafersQuery(Query):
    abnormal: bool = Field(False, description="Only abnormal wafers.")
    limit: Annotated[int, Field(ge=1, le=5000)] = Field(500, description="Most wafers listed.")
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = Field(0, description="How many of the first to leave out.")


class WaferExportQuery(Query):
    what: Annotated[str, Field(pattern="^(wafers|problems|limits|rules|indicators)$")] = Field(
        "wafers",
        description="`wafers`: one row per wafer with its verdict; `problems`; `limits`: as learnt; `rules`: Western "
        "Electric and Nelson rules with their rates; `indicators`: one row per wafer, step, sensor and statistic.",
    )
    format: Annotated[str, Field(pattern="^(csv|parquet|xlsx)$")] = Field(
        "csv",
        description="`csv`, `parquet`, or `xlsx`: a workbook; that of wafers has sheets of problems, limits and rules.",
    )


class WaferAnswer(BaseModel):
    """A pass of a wafer through a chamber; one series as a whole where a table has no wafers."""

    run: int = Field(description="Number of the pass, from 1.")
    equipment: str | None
    lot: str | None
    wafer: str | None
    recipe: str | None
    start: str | float | None
    end: str | float | None
    rows: int
    gaps: int = Field(description="Pauses inside it; a pause between two wafers is none.")
    score: float | None = Field(description="How rare it is among normal wafers; null when it could not be judged.")
    threshold: float | None = Field(description="Wafers above it are abnormal; null where only rows were judged.")
    ratio: float | None = Field(description="Its farthest deviation as a multiple of the limit: abnormal above 1.")
    abnormal: bool
    judged_by: str = Field(description="wafer: indicators and rows; rows: rows alone.")
    row_score: float | None
    flagged: int = Field(description="Rows that are flagged.")
    golden: int = Field(description="Golden wafers that its limits rest on.")
    step: str | None
    sensor: str | None = Field(description="Leading sensor; _length for the length of the step.")
    statistic: str | None
    direction: str | None = Field(description="up, down or other.")
    value: float | None
    usual: float | None
    lower: float | None
    upper: float | None
    spreads: float | None
    change: float | None = Field(description="Share of the usual value.")
    in_a_row: int
    rules: list[str] = Field(description="Hard rules broken: stuck, missing, range.")
    reason: str


class WaferList(BaseModel):
    wafers: list[WaferAnswer]
    total: int
    abnormal: int


class ProblemSensorAnswer(BaseModel):
    sensor: str
    share: float
    direction: str
    left_at: str | float | None = Field(description="When it left the normal band; null where it did not.")


class FoundProblem(BaseModel):
    """Wafers, or events of rows, with one fingerprint."""

    number: int = Field(description="Its place in this check, the worst first.")
    name: str = Field(description="P- and a number that stays from check to check of the same data.")
    state: str = Field(description="new, acknowledged, shelved or closed; merged ones are counted to another.")
    verdict: str | None = Field(description="true_alarm, false_alarm, intended_change, or null when nobody has said.")
    note: str
    fingerprint: str = Field(description="Chamber, recipe, step, leading sensors, direction.")
    title: str
    severity: str = Field(description="severe, clear or weak.")
    severity_reason: str
    equipment: str | None
    recipe: str | None
    step: str | None
    sensor: str
    direction: str
    statistic: str
    ongoing: bool
    first_seen: str | float
    last_seen: str | float
    onset: str | float
    count: int = Field(description="Abnormal wafers; events where a table has no wafers.")
    of: int = Field(description="Wafers of the chamber from the first to the last of them.")
    in_a_row: int
    peak_score: float
    limit: float
    ratio: float
    change: float | None
    alone: str = Field(description="Whether this chamber alone has it: yes, no or unknown.")
    also_on: list[str]
    recipes: list[str]
    steps: list[str]
    wafers: list[str]
    events: list[int]
    runs: list[int]
    sensors: list[ProblemSensorAnswer]


class ProblemList(BaseModel):
    problems: list[FoundProblem]
