"""Every request and answer of the API once. They check what comes in, and /openapi.json is made from them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_DETECTOR = "moment"
DEFAULT_CONTAMINATION = 0.05
DEFAULT_POINTS, LEAST_POINTS, MOST_POINTS = 1000, 10, 5000

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[list[Name], Field(min_length=1, max_length=10_000)]
Share = Annotated[float, Field(gt=0, le=0.5, allow_inf_nan=False)]
Place = Annotated[str, Field(max_length=100)]
Rows = Annotated[int, Field(ge=1, le=2**31)]

_SHARE = "Expected share of anomalous rows, above 0, at most 0.5."
_SENSORS = "Sensor columns to use; left out: all."
_REFERENCE = "The first so many rows of each series, in time order, are known to be normal."


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dataset: Name | None = Field(None, description="Id of an uploaded data set; left out: the built-in demo data.")


class DetectRequest(_Request):
    features: Names | None = Field(None, description=_SENSORS)
    detector: Name = Field(DEFAULT_DETECTOR, description="Name of a detector.")
    contamination: Share = Field(
        DEFAULT_CONTAMINATION, description="Expected share of anomalous rows, above 0, at most 0.5."
    )
    reference_rows: Rows | None = Field(None, description=_REFERENCE)


class GroupRequest(DetectRequest):
    group_by: Name = Field(description="Column whose values are the groups: equipment, lot, recipe ...")
    feature: Name | None = Field(None, description="Sensor to describe in each group.")


class CompareRequest(_Request):
    features: Names | None = Field(None, description=_SENSORS)
    detectors: Names | None = Field(None, description="Names of the detectors to compare; left out: all.")
    contamination: Share = Field(
        DEFAULT_CONTAMINATION, description="Expected share of anomalous rows, above 0, at most 0.5."
    )
    reference_rows: Rows | None = Field(None, description=_REFERENCE)


class PlotQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: Name | None = Field(None, description="Id of an uploaded data set; left out: the built-in demo data.")
    start: Place | None = Field(None, description="First place shown: a time (ISO 8601), number or row.")
    end: Place | None = Field(None, description="Last place shown.")
    points: Annotated[int, Field(ge=LEAST_POINTS, le=MOST_POINTS)] = Field(
        DEFAULT_POINTS, description="Most points in the figure."
    )
    run: Name | None = Field(None, description="`run` of a /detect answer: its score, flags and events are drawn too.")
    view: Annotated[str, Field(pattern="^(time|distribution)$")] = Field(
        "time", description="`time`, or (with `run`) `distribution`: normal beside anomalous values."
    )


class Figure(BaseModel):
    """A Plotly figure (https://plotly.com/javascript/reference/)."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class Figures(BaseModel):
    time_series: Figure
    distribution: Figure
    correlation: Figure
    score: Figure


class Metrics(BaseModel):
    precision: float | None
    recall: float | None
    f1: float | None


class SensorShare(BaseModel):
    sensor: str
    share: float


class Event(BaseModel):
    id: int
    kind: str
    start: str | float | None
    end: str | float | None
    peak: str | float | None
    start_row: int
    end_row: int
    peak_row: int
    rows: int
    peak_score: float | None
    equipment: str | None
    lot: str | None
    context: dict[str, str]
    sensors: list[SensorShare]


class Count(BaseModel):
    value: str | None = Field(description="Value of the group column; null where the cell is empty.")
    rows: int
    anomalies: int
    ratio: float


class Group(Count):
    low: float = Field(description="Lower end of the 95 % Wilson interval of the ratio.")
    high: float = Field(description="Upper end of the 95 % Wilson interval of the ratio.")
    mean_score: float | None
    mean: float | None = Field(None, description="Mean of `feature` in the group.")
    deviation: float | None = Field(None, description="Standard deviation of `feature` in the group.")


class DetectAnswer(BaseModel):
    run: str = Field(description="Name of this result, for /plot/{feature}?run=.")
    dataset: str
    detector: str
    model: str
    model_sha256: str | None
    device: str
    features: list[str]
    rows: int
    judged: int = Field(description="Rows that could be judged.")
    anomalies: int
    anomaly_ratio: float
    threshold: float | None
    seconds: float
    metrics: Metrics | None
    events: list[Event] = Field(description="In order of start; of very many, those with the highest peaks.")
    events_total: int
    series: int = Field(description="Contiguous stretches or runs that were judged one by one.")
    ranking: list[SensorShare] = Field(description="Sensors by their share of the flagged rows' scores.")
    groups: dict[str, list[Count]]
    figures: Figures
    notes: list[str]


class GroupAnswer(BaseModel):
    group_by: str
    feature: str | None
    detector: str
    model: str
    groups: list[Group] = Field(description="Highest ratio first.")
    groups_total: int
    figure: Figure


class ComparedDetector(BaseModel):
    detector: str
    model: str
    device: str
    precision: float | None
    recall: float | None
    f1: float | None
    auc_pr: float | None
    vus_pr: float | None
    anomalies: int
    anomaly_ratio: float
    events: int
    seconds: float


class CompareAnswer(BaseModel):
    rows: list[ComparedDetector]
    figure: Figure


class DatasetAnswer(BaseModel):
    id: str
    name: str
    rows: int
    columns: int
    bytes: int
    created: str
    roles: dict[str, str] = Field(description="Column to role, in file order.")
    builtin: bool


class UploadAnswer(DatasetAnswer):
    notes: list[str]


class DatasetList(BaseModel):
    datasets: list[DatasetAnswer]


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    status: str
    model: str
    model_sha256: str | None
    device: str


class Problem(BaseModel):
    code: str
    message: str = Field(description="One sentence in the reader's language.")
    hint: str = Field(description="What to do about it, in the reader's language; may be empty.")
    field: str | None
    request_id: str


class ProblemAnswer(BaseModel):
    error: Problem
