"""Requests and answers of the Data page."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from waferwatch.web.pages.data.imports_schemas import RECIPE_HELP, FileFindingAnswer, OptionsRequest
from waferwatch.web.shell.schemas import Name, Query, StrictRequest

MOST_ROWS, MOST_COLUMNS = 50, 50  # of the data in one answer

Cell = str | bool | int | float | None
Start = Annotated[int, Field(ge=0, le=2**31)]


class DatasetAnswer(BaseModel):
    id: str
    name: str
    rows: int
    columns: int
    bytes: int
    created: str
    roles: dict[str, str] = Field(description="Column to role, in file order.")
    builtin: bool
    version: int = Field(description="Grows with each change of how it is read.")


class UploadAnswer(DatasetAnswer):
    notes: list[str]
    findings: list[FileFindingAnswer] = Field(description="What was found in the file.")


class DatasetList(BaseModel):
    datasets: list[DatasetAnswer]


class DatasetPatch(StrictRequest):
    name: Annotated[str, Field(max_length=1000)] | None = Field(None, description="New name.")
    roles: Annotated[dict[Name, Name | None], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="Column to its new role; null takes back what was said of the column before."
    )
    options: OptionsRequest | None = Field(
        None, description="How the file is read anew, in place of all that was said before, roles too."
    )
    recipe: Name | None = Field(None, description=f"{RECIPE_HELP}. The file is read anew, as with options.")


class Column(BaseModel):
    name: str
    role: str
    chosen: bool = Field(description="Whether a person said so; else it was found from names and contents.")
    examples: list[str] = Field(description="The first different values.")


class DatasetDetail(DatasetAnswer):
    first_row: int = Field(description="Number of the first row in messages: 2 for a CSV file with a header line.")
    groups: list[str] = Field(description="Columns that split the rows into series.")
    described: list[Column]
    notes: list[str] = Field(description="What the reader did to the data.")
    findings: list[FileFindingAnswer] = Field(description="The same with level, place, count and remedy.")
    options: dict[str, Any] = Field(description="What was said of how the file is read.")
    recipe: str | None = Field(description="Import recipe that it was read with.")


class RowsQuery(Query):
    start: Start = Field(0, description="Rows to leave out.")
    count: Annotated[int, Field(ge=1, le=MOST_ROWS)] = Field(20, description="Most rows returned.")
    first_column: Start = Field(0, description="Columns to leave out.")
    columns: Annotated[int, Field(ge=1, le=MOST_COLUMNS)] = Field(MOST_COLUMNS, description="Most columns returned.")


class RowsAnswer(BaseModel):
    start: int
    rows_total: int
    first_column: int
    columns_total: int
    first_row: int
    columns: list[str]
    rows: list[list[Cell]] = Field(description="Cells of each row; null where one is missing.")


class SparkQuery(Query):
    first: Start = Field(0, description="Sensors to leave out.")
    count: Annotated[int, Field(ge=1, le=MOST_COLUMNS)] = Field(MOST_COLUMNS, description="Most sensors returned.")


class Sparkline(BaseModel):
    sensor: str
    low: list[float | None] = Field(description="Lowest value of each stretch of rows; null where there is none.")
    high: list[float | None] = Field(description="Highest value of each stretch of rows.")


class SparkAnswer(BaseModel):
    sparklines: list[Sparkline]


class FindingAnswer(BaseModel):
    kind: str
    severity: str = Field(description="`serious`, `warning` or `note`.")
    message: str
    hint: str
    columns: list[str]
    fix: dict[str, str] = Field(description="Column to the role with which this would no longer be found.")
    row: int | None = Field(description="Position of the first row concerned, from 0.")


class GapAnswer(BaseModel):
    row: int = Field(description="Position of the row after it, from 0.")
    length: float = Field(description="In seconds, or units of a time column of numbers.")
    group: str


class EquipmentAnswer(BaseModel):
    name: str = Field(description="Empty when the table has no equipment column.")
    rows: int
    series: int
    start: str | float | None
    end: str | float | None


class TimingAnswer(BaseModel):
    column: str | None
    dated: bool = Field(description="Whether the time column holds points in time; else numbers.")
    start: str | float | None
    end: str | float | None
    period: float | None = Field(description="Median distance of rows, in seconds or units of the time column.")
    jitter: float | None = Field(description="How much the distance varies, as a share of it.")
    gap_count: int
    gap_length: float
    gaps: list[GapAnswer] = Field(description="The longest, at most 10.")
    without_time: int
    back: int = Field(description="Rows that come before the row above them.")
    again: int = Field(description="Rows with the time of the row before.")
    repeated: int = Field(description="Of those, the ones with the same values too.")


class SensorAnswer(BaseModel):
    name: str
    missing_share: float
    low: float | None
    median: float | None
    high: float | None
    distinct: int | None = Field(description="Different values; null when there are more than 1,000.")
    longest_run: int = Field(description="Rows of the longest run of equal values.")
    usual_run: float | None
    stuck_rows: int = Field(description="Rows in which it stands still for unusually long.")
    outlier_share: float = Field(description="Values beyond 6 robust standard deviations of their recipe step.")
    row: int | None = Field(description="Position of the row to look at first, from 0.")
    severity: str | None = Field(description="Of the worst finding about it.")


class QualityAnswer(BaseModel):
    rows: int
    series: int
    timing: TimingAnswer
    equipment: list[EquipmentAnswer] = Field(description="Most rows first, at most 200.")
    equipment_total: int
    findings: list[FindingAnswer] = Field(description="What matters most first.")
    sensors: list[SensorAnswer]
