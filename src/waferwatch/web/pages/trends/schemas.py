"""Requests and answers of the Trends page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Bound, Figure, Name, Place, Query

_RULES_HELP = "Names of rules, separated by commas; points at which one fires are ringed."
Wafer = Annotated[int, Field(ge=1, le=2**31)]


class GridQuery(Query):
    equipment: Name | None = Field(None, description="Only this chamber; left out: the worst of all.")
    recipe: Name | None = Field(None, description="Only this recipe.")
    last: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Only this many of the last wafers of each chamber and recipe."
    )
    search: Annotated[str, Field(max_length=200)] = Field("", description="Only sensors whose name contains it.")


class SeriesQuery(Query):
    step: Annotated[str, Field(max_length=1000)]
    sensor: Name
    recipe: Annotated[str, Field(max_length=1000)] = ""
    statistic: Name = "mean"
    equipment: Name | None = Field(None, description="Only this chamber; left out: a panel for each.")
    rules: Annotated[str, Field(max_length=500)] = Field("", description=_RULES_HELP)
    lower: Bound | None = Field(None, description="A typed limit, drawn in this view alone.")
    upper: Bound | None = None
    start: Place | None = Field(None, description="First place of the x axis, as `x` of the points.")
    end: Place | None = None


class SeriesExportQuery(SeriesQuery):
    format: Literal["csv", "xlsx", "parquet"] = "csv"


class TraceQuery(Query):
    wafer: Wafer = Field(description="Number of the wafer, from 1.")
    step: Annotated[str, Field(max_length=1000)]
    sensor: Name = Field(description="For what belongs to no sensor (`_t2` ...) the sensor that is farthest off.")
    others: Annotated[str, Field(max_length=200)] = Field(
        "", description="Numbers of up to five more wafers of the same step, separated by commas."
    )


class ChamberAnswer(BaseModel):
    name: str
    color: str = Field(description="Name of a colour of the page, such as var(--chamber-1).")
    dash: str


class GridSensor(BaseModel):
    sensor: str
    title: str
    statistics: list[str]


class GridPlace(BaseModel):
    """The worst indicator of a sensor in a step, over chambers and recipes."""

    sensor: str
    step: str
    equipment: str
    recipe: str
    statistic: str
    ratio: float = Field(description="Farthest wafer as a multiple of its limit: beyond above 1.")
    beyond: int = Field(description="Wafers beyond a limit.")
    in_a_row: int
    wafers: int
    wafer: int = Field(description="Number of the first wafer beyond, else of the farthest.")
    direction: int
    severity: Literal["severe", "clear", "weak"] | None = Field(description="Null: within the limits.")
    title: str = Field(description="Sensor and statistic in words.")
    said: str = Field(description="In a sentence.")
    short: str = Field(description="The same without its place.")


class WorstPlace(GridPlace):
    also: list[str] = Field(description="Further steps in which the sensor is beyond a limit on this chamber.")


class FarPlace(BaseModel):
    """A step mean far from the middle of all wafers: where to look while there are no limits. No verdict."""

    sensor: str
    step: str
    equipment: str
    recipe: str
    statistic: str
    wafer: int
    title: str
    short: str


class CoverageAnswer(BaseModel):
    """What limits of one recipe on one chamber rest on."""

    equipment: str
    recipe: str
    wafers: int
    golden: int = Field(description="Normal wafers that were learnt from, of the step that has most.")
    missing: int = Field(description="Normal wafers that limits still need; 0 where there are limits.")
    missing_to_stay: int = Field(description="Normal wafers until limits are no longer provisional.")
    said: str


class GridAnswer(BaseModel):
    """Where to look: how far every step and sensor is out of its limits."""

    run: str
    dataset: str
    dataset_name: str
    sentence: str
    about: str
    wafers: int
    indicators: int = Field(description="Chambers x recipes x steps x sensors with limits.")
    beyond: int = Field(description="Of them, beyond a limit.")
    chambers: list[ChamberAnswer]
    recipes: list[str]
    steps: list[str]
    recipes_of: dict[str, list[str]] = Field(description="Step to the recipes that run it.")
    sensors: list[GridSensor] = Field(description="Worst first; at most 60.")
    sensors_total: int
    cells: list[GridPlace]
    worst: list[WorstPlace] = Field(description="Of each sensor and chamber the worst step; at most ten.")
    far: list[FarPlace] = Field(description="Where to look without limits; at most ten, farthest first.")
    coverage: list[CoverageAnswer] = Field(description="Of every chamber and recipe.")
    statistics: dict[str, str] = Field(description="Statistic to its name.")


class PanelAnswer(BaseModel):
    equipment: str
    color: str
    dash: str
    said: str = Field(description="The panel in a sentence.")
    points: int
    beyond: int
    lower: float | None
    upper: float | None
    usual: float | None
    golden: int
    provisional: bool


class RuleAnswer(BaseModel):
    name: str
    title: str
    on: bool
    expected_rate: float = Field(description="Share of wafers at which it fires by chance alone.")
    points: int
    fired: int = Field(description="In these wafers.")


class SeriesAnswer(BaseModel):
    title: str
    panels: list[PanelAnswer]
    panels_total: int
    typed_lower: float | None = Field(description="Limit that the detection was asked with; null: none.")
    typed_upper: float | None
    rules: list[RuleAnswer]
    figure: Figure


class TraceAnswer(BaseModel):
    wafer: int
    name: str
    sensor: str
    title: str
    said: str
    previous: int | None = Field(description="The wafer before it on this chamber that ran the step.")
    next: int | None
    figure: Figure
    problem: dict[str, Any] | None = Field(description="Number and title of the problem that it belongs to.")
