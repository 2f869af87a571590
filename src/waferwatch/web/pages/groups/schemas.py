"""Requests and answers of the Groups page."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.results.schemas import Count, DetectRequest
from waferwatch.web.shell.schemas import Figure, Name, Query

Value = Annotated[str, Field(max_length=1000)]


class GroupRequest(DetectRequest):
    group_by: Name = Field(description="Column whose values are the groups: equipment, lot, recipe ...")
    feature: Name | None = Field(None, description="Sensor to describe in each group.")


class Group(Count):
    low: float = Field(description="Lower end of the 95 % Wilson interval of the ratio.")
    high: float = Field(description="Upper end of the 95 % Wilson interval of the ratio.")
    mean_score: float | None
    events: int = Field(description="Events that peak in the group.")
    mean: float | None = Field(None, description="Mean of `feature` in the group.")
    deviation: float | None = Field(None, description="Standard deviation of `feature` in the group.")


class GroupAnswer(BaseModel):
    group_by: str
    feature: str | None
    detector: str
    model: str
    groups: list[Group] = Field(description="Highest ratio first.")
    groups_total: int
    figure: Figure


class GroupsQuery(Query):
    by: Name | None = Field(None, description="Column whose values are the groups; left out: the first there is.")
    second: Name | None = Field(None, alias="and", description="A second column, for the heat map.")
    sensor: Name | None = Field(None, description="Sensor to describe in each group.")
    order: Literal["share", "name", "rows"] = Field("share", description="How the groups are ordered.")


class GroupsExportQuery(GroupsQuery):
    format: Literal["csv", "xlsx"] = "csv"


class ComparedGroup(Group):
    units: int = Field(description="Runs with rows in the group; where events are counted, its rows.")
    hits: int = Field(description="Those of the runs that have a flagged row in it; or events that peak in it.")
    p_value: float = Field(description="Of the difference from all other groups together, after Holm's correction.")
    differs: Literal["higher", "lower"] | None = Field(description="Null: no more than chance explains.")


class CrossingAnswer(BaseModel):
    """Two group columns against each other. Empty cells have 0 rows."""

    first: list[str | None] = Field(description="Values of `by`: one row of the counts each.")
    second: list[str | None] = Field(description="Values of `and`: one column each.")
    first_others: int = Field(description="Further values of `by`, counted together in a last row; 0: none.")
    second_others: int = Field(description="Further values of `and`, counted together in a last column; 0: none.")
    rows: list[list[int]]
    anomalies: list[list[int]]


class GroupFigures(BaseModel):
    share: Figure
    score: Figure
    sensor: Figure | None


class GroupsAnswer(BaseModel):
    run: str
    dataset: str
    columns: list[str] = Field(description="Columns that rows can be grouped by.")
    by: str | None
    second: str | None
    sensor: str | None
    order: str
    rows: int = Field(description="Rows that the run was asked to judge.")
    anomalies: int
    groups: list[ComparedGroup]
    groups_total: int
    drawn: int = Field(description="How many of the groups, from the first on, the figures show.")
    unit: Literal["run", "event"] | None = Field(description="What the comparison counts.")
    sentences: list[str] = Field(description="Which groups differ from the rest, and how that was found out.")
    crossing: CrossingAnswer | None
    figures: GroupFigures | None


class GroupRowsQuery(Query):
    by: Name = Field(description="Group column.")
    value: Value = Field("", description="Its value; empty: the empty cells.")
    second: Name | None = Field(None, alias="and", description="A second group column ...")
    second_value: Value = Field("", alias="and_value", description="... and its value.")
    flagged: bool = Field(False, description="Only rows that are flagged.")
    start: Annotated[int, Field(ge=0, le=10**9)] = Field(0, description="How many rows to pass over.")


class GroupRow(BaseModel):
    row: int = Field(description="Number of the row in the data, as messages give it.")
    time: str | float | None
    score: float | None
    flagged: bool
    event: int | None
    from_: str | float | None = Field(alias="from", description="Where a closer look would begin ...")
    to: str | float | None = Field(description="... and end, as `start` and `end` of /plot/{feature} take it.")


class GroupRowsAnswer(BaseModel):
    by: str
    value: str | None
    second: str | None
    second_value: str | None
    total: int = Field(description="Rows of the group; with `flagged`, the flagged ones.")
    start: int
    following: int | None = Field(description="`start` of the next page; null on the last.")
    first: str | float | None = Field(description="First place of the group on the axis of its time plots.")
    last: str | float | None
    rows: list[GroupRow]


class OverlayQuery(Query):
    sensor: Name | None = Field(None, description="Sensor drawn; left out: the one that carries most of the scores.")
    color: Name | None = Field(
        None, description="Group column that gives the colours; left out: equipment, if there is."
    )
    recipe: Value | None = Field(None, description="Runs of this recipe; left out: the one with most flagged runs.")
    equipment: Value | None = Field(None, description="Only runs of this equipment.")


class OverlayExportQuery(OverlayQuery):
    format: Literal["csv", "xlsx"] = "csv"


class OverlayChoice(BaseModel):
    value: str | None
    runs: int
    flagged: int = Field(description="Those with a flagged row.")


class OverlayRun(BaseModel):
    name: str
    group: str | None = Field(description="Its value in the column that gives the colours.")
    score: float | None = Field(description="Mean of the highest tenth of its rows' scores.")
    rows: int
    flagged: int
    first: str | float | None = Field(description="Where it begins, as `start` of /plot/{feature} takes it.")
    last: str | float | None


class OverlayAnswer(BaseModel):
    run: str
    dataset: str
    sensor: str
    color: str | None
    recipes: list[OverlayChoice] = Field(description="Most flagged runs first; empty without a recipe column.")
    recipe: str | None
    equipments: list[OverlayChoice]
    equipment: str | None
    runs: int = Field(description="Runs laid over one another; 0 when the data tell no runs.")
    normal: int = Field(description="Those without a flagged row.")
    flagged: list[OverlayRun] = Field(description="Those drawn, highest score first.")
    notes: list[str] = Field(description="What the reader should know.")
    figure: Figure | None
