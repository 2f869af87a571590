"""Requests and answers of the page that explains one event."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.results.schemas import EventAnswer, PromiseAnswer
from waferwatch.web.shell.schemas import Figure, Query, SensorShareAnswer, StrictRequest

LONGEST_NOTE = 2000
Time = str | float | None


class EventQuery(BaseModel):
    """Of the page. It shows what is wrong with them instead of refusing them, and passes over other parameters."""

    run: str = Field("", description="Id of a finished detection.")
    event: str = Field("1", description="Number of one of its events, from 1.")


class ExplainQuery(Query):
    moment: bool = Field(False, description="Tell what MOMENT expected too, where it judged the data: takes longer.")


class EventExportQuery(Query):
    what: Literal["sensors", "rows", "similar", "equipment"] = Field(
        "sensors", description="The table in a CSV file; a workbook has all of them, this one first."
    )
    format: Literal["csv", "xlsx"] = "csv"


class VerdictRequest(StrictRequest):
    verdict: Literal["true_alarm", "false_alarm", "intended_change"] | None = Field(
        description="What the event was; null takes it back."
    )
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field("", description="What was found, or done about it.")


class VerdictAnswer(BaseModel):
    verdict: str | None
    note: str
    by: str | None = Field(description="Who said it.")
    at: str | None = Field(description="When, in UTC.")


class CertaintyAnswer(BaseModel):
    peak_score: float | None
    threshold: float | None
    higher_share: float = Field(description="Share of all judged rows that score at least as high as the peak.")
    rank: int = Field(description="Among the run's events by their peaks; 1 is the highest.")
    events: int


class FarthestAnswer(BaseModel):
    row: int
    measured: float
    expected: float | None


class ExplainedSensor(BaseModel):
    sensor: str
    share: float
    onset: int | None = Field(description="Points from the event's first to where the sensor left the normal.")
    onset_row: int | None
    onset_time: Time
    farthest: FarthestAnswer | None = Field(description="Where it was farthest from its course; only of sensors drawn.")


class CourseAnswer(BaseModel):
    sensors: list[str] = Field(description="Whose course is drawn: the median and 1 to 99 % of normal rows.")
    by_step: bool = Field(description="Whether every recipe step has a band of its own.")
    known: bool = Field(description="Whether the band is of rows known to be normal, not only of unflagged ones.")
    moment: bool = Field(description="Whether what MOMENT expected is drawn too.")
    averaged: int = Field(description="Rows that MOMENT saw as one.")
    obstacle: str | None = Field(description="Why MOMENT, which judged the data, could not be asked again.")


class NearestStretch(BaseModel):
    likeness: str = Field(description="What it shares with the event besides the equipment: step, recipe, equipment.")
    distance: float = Field(description="Root mean squared distance, in normal spreads of the sensors.")
    start_row: int
    start: Time
    lot: str | None


class SisterEquipment(BaseModel):
    equipment: str
    flagged: int = Field(description="Rows flagged at the moment of the event.")
    peak_score: float | None
    events: list[int]
    recipe: str | None
    step: str | None


class SistersAnswer(BaseModel):
    moment: str | None = Field(description="What makes it the same moment: time, lot, step or run.")
    total: int = Field(description="Other equipment in the data set.")
    judged: int
    flagged: int
    chamber_specific: bool | None = Field(description="null when there is nothing to compare with.")
    equipment: list[SisterEquipment]


class SimilarEvent(BaseModel):
    run: str
    event: int
    this_run: bool
    same_stretch: bool = Field(description="The very rows of the event, found by another run.")
    dataset_name: str
    detected: str
    start: Time
    start_row: int
    kind: str
    equipment: str | None
    lot: str | None
    likeness: float = Field(description="Cosine of the sensors' shares.")
    sensors: list[SensorShareAnswer]
    verdict: str | None
    note: str
    by: str | None
    at: str | None


class EventFigures(BaseModel):
    course: Figure
    nearest: Figure
    sisters: Figure


class ExplanationAnswer(BaseModel):
    run: str
    dataset: str
    dataset_name: str
    detector: str
    model: str
    model_sha256: str | None
    detected: str
    first_row: int = Field(description="Number of the table's first row, for row numbers shown to people.")
    events: int
    event: EventAnswer
    said: VerdictAnswer
    certainty: CertaintyAnswer
    promise: PromiseAnswer | None = Field(description="What the threshold of the run promises.")
    sensors: list[ExplainedSensor]
    course: CourseAnswer
    nearest: NearestStretch | None
    sisters: SistersAnswer
    similar: list[SimilarEvent]
    figures: EventFigures
