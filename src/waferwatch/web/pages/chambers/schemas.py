"""Requests and answers of chamber matching."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Name, Query


class ChambersQuery(Query):
    against: Name | None = Field(None, description="The golden chamber; left out: the median of all chambers.")
    last: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Only so many of the last wafers of each chamber, recipe and step; left out: all."
    )
    spreads: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = Field(
        1.0, description="The tolerance, in spreads between wafers."
    )
    tolerances: Annotated[str, Field(max_length=5000)] = Field(
        "", description="Differences of means that are harmless, as SENSOR=0.5, separated by commas."
    )


class ChambersListQuery(ChambersQuery):
    recipe: Annotated[str, Field(max_length=1000)] | None = Field(None, description="Only this recipe.")
    step: Annotated[str, Field(max_length=1000)] | None = Field(None, description="Only this step.")
    sensor: Name | None = Field(None, description="Only this sensor; _length for the length of the step.")
    statistic: Literal["mean", "spread", "length"] | None = Field(None, description="Only this statistic.")
    limit: Annotated[int, Field(ge=1, le=5000)] = Field(500, description="Most rows listed.")
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = Field(0, description="How many of the first to leave out.")


class MatchedIndicatorsQuery(ChambersQuery):
    recipe: Annotated[str, Field(max_length=1000)] | None = Field(None, description="Only this recipe.")
    step: Annotated[str, Field(max_length=1000)] | None = Field(None, description="Only this step.")
    sensor: Name | None = Field(None, description="Only this sensor; _length for the length of the step.")
    verdict: Literal["matched", "different", "too_few"] | None = Field(None, description="Only these.")
    limit: Annotated[int, Field(ge=1, le=500)] = Field(20, description="Most indicators listed.")
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = Field(0, description="How many of the first to leave out.")


class ChambersExportQuery(ChambersQuery):
    format: Literal["csv", "xlsx", "parquet"] = "csv"


class ChamberRow(BaseModel):
    """One indicator of one chamber, compared with the others."""

    recipe: str
    step: str
    sensor: str
    statistic: str = Field(description="mean or spread of a step's rows, or length of the step.")
    equipment: str
    verdict: Literal["matched", "different", "too_few"]
    because: str = Field(description="level or spread where it is different, else empty.")
    wafers: int
    median: float | None = Field(description="Over wafers.")
    spread: float | None = Field(description="Between wafers, robust.")
    lower_quantile: float | None = Field(description="5 % of the wafers lie below it.")
    upper_quantile: float | None = Field(description="5 % of the wafers lie above it.")
    reference: float | None = Field(description="What it is compared with.")
    difference: float | None
    tolerance: float
    tolerances: float | None = Field(description="The difference, in tolerances.")
    interval_low: float | None = Field(description="Of the difference, 95 %.")
    interval_high: float | None
    spread_ratio: float | None = Field(description="How many times as much its wafers vary as those of the others.")
    missing_wafers: int | None = Field(
        description="Wafers that are needed still; null where the difference lies at the tolerance."
    )


class RowInWords(ChamberRow):
    said: str = Field(description="Its verdict in words.")


class DrawnChamber(BaseModel):
    name: str
    color: str = Field(description="Name of a colour of the page, such as var(--chamber-1).")
    dash: str


class MatchedIndicator(BaseModel):
    """One indicator on every chamber that ran the step."""

    recipe: str
    step: str
    sensor: str
    statistic: str
    title: str
    verdict: Literal["matched", "different", "too_few"] = Field(description="The worst of its chambers.")
    chambers: list[RowInWords] = Field(description="By name.")


class MatchedIndicatorsAnswer(BaseModel):
    sentence: str
    about: str
    chambers: list[DrawnChamber]
    recipes: list[str]
    steps: list[str]
    counts: dict[str, int] = Field(description="Verdict to number of indicators, of all.")
    total: int = Field(description="Indicators that the query chooses.")
    indicators: list[MatchedIndicator] = Field(description="Different ones first, the farthest first.")


class ChamberMatchingAnswer(BaseModel):
    dataset: str
    dataset_name: str
    chambers: list[str]
    alone: list[str] = Field(description="Recipes that one chamber alone has run, which are not compared.")
    recipes: list[str]
    steps: list[str]
    sensors: list[str]
    counts: dict[str, int] = Field(description="matched, different and too_few: rows of all that were compared.")
    total: int = Field(description="Rows that the query chooses.")
    rows: list[ChamberRow] = Field(
        description="Different ones first, the farthest first; then too few wafers, then matched."
    )
