"""The question to a detection and its answer, in JSON."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from waferwatch.scoring.option_rules import OPTION_RULES
from waferwatch.scoring.question import Question
from waferwatch.web.shell.schemas import (
    SENSORS_HELP,
    Alarms,
    Bound,
    DataRequest,
    Figure,
    Name,
    Names,
    Place,
    Rows,
    SensorShareAnswer,
    Share,
    StrictRequest,
    ThresholdValue,
)

MONITOR_HELP = (
    "`NAME` or `NAME@VERSION` of a monitor that scores, so that nothing is learnt; `NAME` means the version in use. "
    "Without a threshold its own policy counts. What it settled when it was learnt (`features`, `detector`, "
    "`checkpoint`, `reference_...`) must be left out."
)


def asked(name: str) -> Any:
    """The field of an option of a question: its default and what is said of it."""
    return Field(getattr(Question, name), description=OPTION_RULES[name].full)


class QuestionRequest(DataRequest):
    """All options of a detection but the detector. Their names are those of ``scoring.question.Question``."""

    features: Names | None = Field(None, description=SENSORS_HELP)
    checkpoint: Name | None = asked("checkpoint")
    threshold: ThresholdValue = asked("threshold")
    contamination: Share | None = asked("contamination")
    false_alarms: Alarms | None = asked("false_alarms")
    reference_rows: Rows | None = asked("reference_rows")
    reference_start: Place | None = Field(
        None, description="Instead: all rows from this time (ISO 8601 or a number) on are known to be normal ..."
    )
    reference_end: Place | None = Field(None, description="... up to this time.")
    filters: dict[Name, Names] | None = Field(
        None, description="Column (equipment, lot, recipe ...) to the values whose rows are judged."
    )


class LimitRequest(StrictRequest):
    """A limit of an indicator of wafers that a person has set; what is left out stands for any, or for no bound."""

    sensor: Name = Field(description="Sensor; `_length`, `_missing`, `_t2` or `_spe` for what belongs to no sensor.")
    statistic: Name = Field("mean", description="Statistic of the sensor in a step, such as `mean` or `max`.")
    recipe: Name | None = None
    step: Name | None = None
    lower: Bound | None = None
    upper: Bound | None = None


class DetectRequest(QuestionRequest):
    monitor: Name | None = Field(None, description=MONITOR_HELP)
    detector: Name = asked("detector")
    limits: Annotated[list[LimitRequest], Field(max_length=10_000)] | None = Field(
        None, description="Typed limits of indicators: a wafer beyond one is abnormal, its problem severe."
    )


class Figures(BaseModel):
    time_series: Figure
    distribution: Figure
    correlation: Figure
    score: Figure


class MetricsAnswer(BaseModel):
    precision: float | None
    recall: float | None
    f1: float | None


class EventAnswer(BaseModel):
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
    usual_every_hours: float | None = Field(
        description="A peak as high comes about once in this many hours of normal running; null: never in the normal "
        "rows, or not known (no dates, a moved threshold, a result of before 0.4.0)."
    )
    equipment: str | None
    lot: str | None
    context: dict[str, str]
    sensors: list[SensorShareAnswer]
    verdict: str | None = Field(description="true_alarm, false_alarm, intended_change, or null when nobody has said.")
    note: str


class Count(BaseModel):
    value: str | None = Field(description="Value of the group column; null where the cell is empty.")
    rows: int
    anomalies: int
    ratio: float


class PromiseAnswer(BaseModel):
    """False events at the threshold, as normal rows that were left out of learning show them."""

    rows: int = Field(description="Normal rows, left out of learning, that it rests on.")
    hours: float | None = Field(description="How long they last, added up over the equipment; null without dates.")
    events: int = Field(description="Of theirs, above the threshold.")
    at_most_per_hour: float | None = Field(
        description="False events per equipment and hour, with 95 % confidence; null without dates."
    )
    asked_per_week: float | None = Field(description="False events per equipment and week that were asked for.")
    kept: bool = Field(description="False: that number cannot be promised, and the automatic threshold was used.")


class Headline(BaseModel):
    found: str = Field(description="How many events, and on which equipment.")
    worst: str = Field(description="Sensor, equipment, lot and start of the event with the highest peak, or empty.")
    event: int | None = Field(description="Number of that event.")
    promise: str = Field(description="What set the threshold, and what it promises.")
    part: str = Field(description="The filters and how many rows they leave; empty without filters.")


class NamedProblem(BaseModel):
    name: str | None = Field(description="Of its page, /problems/{name}; null where a moved threshold made it.")
    title: str


class ProblemsFound(BaseModel):
    sentence: str = Field(description="How many problems, and how many wafers are abnormal; empty without any.")
    total: int = Field(description="Weak ones count only where there are no others.")
    worst: list[NamedProblem] = Field(description="At most five, worst first.")


class DetectAnswer(BaseModel):
    run: str = Field(description="Name of this result, for /plot/{feature}?run=.")
    dataset: str
    options: dict[str, Any] = Field(description="What was asked for.")
    monitor: str | None = Field(description="NAME@VERSION of the monitor that scored; null where the run learnt.")
    stale: bool = Field(description="Whether columns of the data set have been given other roles since.")
    headline: Headline = Field(description="What was found, in sentences of the language asked for.")
    problems: ProblemsFound = Field(description="Of wafers and rows together; wafers can be abnormal where no row is.")
    detector: str
    model: str
    model_sha256: str | None
    device: str
    features: list[str]
    rows: int
    chosen: int = Field(description="Rows that the filters leave; all without filters.")
    judged: int = Field(description="Of the chosen rows those that could be judged.")
    anomalies: int
    anomaly_ratio: float = Field(description="Share of the chosen rows that is flagged.")
    threshold: float | None
    threshold_by: str = Field(description="What set the threshold: auto, contamination, false_alarms, or hand.")
    promise: PromiseAnswer | None = Field(
        description="What the threshold promises; null where it was moved, and for results of before 0.4.0."
    )
    model_digest: str | None = Field(description="SHA-256 of all that was learnt; equal models have equal ones.")
    seconds: float
    metrics: MetricsAnswer | None
    events: list[EventAnswer] = Field(
        description="In order of start, by which they are numbered; of very many, those with the highest peaks. "
        "`peak_score` ranks them: the pages list the highest first."
    )
    events_total: int
    series: int = Field(description="Contiguous stretches or runs that were judged one by one.")
    ranking: list[SensorShareAnswer] = Field(description="Sensors by their share of the flagged rows' scores.")
    groups: dict[str, list[Count]]
    figures: Figures
    notes: list[str]


class RunAnswer(BaseModel):
    id: str
    kind: str
    dataset: str
    dataset_name: str = Field(description="As it was called then; empty for the demo.")
    options: dict[str, Any]
    state: str = Field(description="queued, running, done, failed, cancelled or interrupted.")
    progress: float = Field(description="0 to 1.")
    place: int | None = Field(description="How many runs are processed before this one starts; null when none.")
    created: str
    started: str | None
    finished: str | None
    error: Any = Field(description="Message and hint of what ended it, or null.")
    summary: dict[str, Any] | None
    user: str
