"""Requests and answers about monitors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waferwatch.scoring.option_rules import DETECTOR, OPTION_RULES
from waferwatch.store.monitors.names import LONGEST_NAME
from waferwatch.web.results.schemas import PromiseAnswer
from waferwatch.web.shell.schemas import (
    SENSORS_HELP,
    Alarms,
    DataRequest,
    Name,
    Names,
    Place,
    Query,
    Share,
    StrictRequest,
    ThresholdValue,
)

MonitorName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Number = Annotated[int, Field(ge=1, le=2**31)]
_WAFERS_HELP = "Only these wafers, as LOT/WAFER, or WAFER where there is no column of lots."


class LearnRequest(DataRequest):
    name: MonitorName = Field(description="Of the monitor: letters, digits, and - _ . between them.")
    datasets: Names | None = Field(None, description="More data sets to learn from, with the same columns.")
    start: Place | None = Field(None, description="Only rows from this time (ISO 8601 or a number) on are golden ...")
    end: Place | None = Field(None, description="... up to this time.")
    lots: Names | None = Field(None, description="Only these lots.")
    wafers: Names | None = Field(None, description=_WAFERS_HELP)
    leave_out: Names | None = Field(None, description="Not these wafers or lots.")
    features: Names | None = Field(None, description=SENSORS_HELP)
    detector: Name = Field(DETECTOR, description=OPTION_RULES["detector"].full)
    checkpoint: Name | None = Field(None, description="Name of an imported checkpoint; left out: the embedded one.")
    threshold: ThresholdValue | None = Field(
        None, description=OPTION_RULES["threshold"].full + " All left out: as it was, or automatic for a new monitor."
    )
    contamination: Share | None = Field(None, description=OPTION_RULES["contamination"].full)
    false_alarms: Alarms | None = Field(None, description=OPTION_RULES["false_alarms"].full)
    equipment: Names | None = Field(None, description="Only this equipment is learnt from, and watched.")
    activate: bool = Field(False, description="Put a later version in use at once. The first one always is.")
    fresh: bool = Field(False, description="Refuse when there is a monitor of this name already.")


class ActivateRequest(StrictRequest):
    version: Number = Field(description="The version to put in use.")


class RebaseRequest(DataRequest):
    since: Place | None = Field(
        None, description="The end of the maintenance (ISO 8601 or a number); left out: all rows are after it."
    )
    wafers: Annotated[int, Field(ge=1, le=10_000)] = Field(
        25, description="How many good wafers of each equipment give the new level."
    )
    accept: Names | None = Field(None, description="Sensors whose new level is taken, whatever the rule says.")
    keep: Names | None = Field(None, description="Sensors that stay at their level.")
    activate: bool = Field(False, description="Put the new version in use at once.")


class ReplayRequest(DataRequest):
    old: Number = Field(description="One version ...")
    new: Number = Field(description="... and the one it is compared with.")


class MonitorPatch(StrictRequest):
    threshold: ThresholdValue | None = Field(None, description=OPTION_RULES["threshold"].full)
    contamination: Share | None = Field(None, description=OPTION_RULES["contamination"].full)
    false_alarms: Alarms | None = Field(None, description=OPTION_RULES["false_alarms"].full)
    equipment: Names | Literal["all"] | None = Field(None, description="The equipment watched, or `all`.")


class ImportQuery(Query):
    name: MonitorName | None = Field(None, description="Of the monitor; left out: as it was exported.")
    activate: bool = Field(False, description="Put it in use, if the monitor has versions already.")


class VersionQuery(Query):
    version: Number | None = Field(None, description="Left out: the version in use.")


class GoldenAnswer(BaseModel):
    name: str
    version: int
    rows: int
    created: str
    user: str
    files: list[str] = Field(description="What it was chosen from.")
    choice: dict[str, Any] = Field(description="What of them was chosen.")
    left_out: list[dict[str, Any]] = Field(description="What was left out, how many rows, and why.")
    coverage: list[dict[str, Any]] = Field(
        description="Wafers and rows for each equipment and recipe, whether they are enough, and how many are missing."
    )


class VersionAnswer(BaseModel):
    monitor: str
    version: int
    state: str = Field(description="draft, in_use, or retired.")
    origin: str = Field(description="learnt, rebased, widened (with false alarms as normal), or imported.")
    before: int | None = Field(description="Number of the version it was made from.")
    model_digest: str
    created: str
    user: str
    activated: str | None = Field(description="When it was last put in use.")
    detector: str
    model: str
    model_sha256: str | None
    features: list[str]
    equipment: list[str] = Field(description="That it has learnt; empty where the data name none.")
    made_by: str = Field(description="Version of waferwatch that learnt it.")
    threshold: float | None = Field(description="By the monitor's policy; null where it depends on the rows.")
    threshold_by: str
    promise: PromiseAnswer | None
    golden: GoldenAnswer | None = Field(description="Null where it was imported.")
    rebase: dict[str, Any] | None = Field(description="What a rebase has moved, what settled, and what it refused.")
    notes: list[str]


class MonitorAnswer(BaseModel):
    name: str
    in_use: int | None = Field(description="Number of the version that scores when none is named.")
    policy: dict[str, Any] = Field(description="threshold, contamination or false_alarms; empty: automatic.")
    equipment: list[str] | None = Field(description="Watched; null: all that it is given.")
    created: str
    user: str
    versions: list[VersionAnswer] = Field(description="The newest first.")


class AlarmRateAnswer(BaseModel):
    """What came of the alarms of the version in use, by engineers' verdicts. Rates are per equipment and hour."""

    false: int
    true: int
    unjudged: int = Field(description="Counted neither as false nor as true.")
    hours: float | None = Field(description="Scored, added up over the equipment; null without dates.")
    per_hour: float | None
    low: float | None = Field(description="Lower and upper end of the rate, 95 %.")
    high: float | None


class MonitorDetail(MonitorAnswer):
    sentences: list[str] = Field(description="What the threshold promises, in the language asked for.")
    false_alarms: AlarmRateAnswer | None = Field(description="Null before its first detection.")
    drift: dict[str, Any] | None = Field(
        description="Whether its normal still fits the data scored last, by equipment and sensor; null before that."
    )


class MonitorList(BaseModel):
    monitors: list[MonitorAnswer]


class ReplayAnswer(BaseModel):
    run: str
    monitor: str
    old_version: int
    new_version: int
    rows: int
    old: dict[str, Any] = Field(description="Events, flagged rows, and false ones by verdict, of the old version.")
    new: dict[str, Any]
    both: int = Field(description="Events that both find.")
    only_old: list[dict[str, Any]]
    only_new: list[dict[str, Any]]
    flagged_both: int


class LimitsQuery(Query):
    version: Annotated[int, Field(ge=1, le=10**9)] | None = Field(None, description="Left out: the one in use.")
    equipment: Name | None = None
    recipe: Name | None = None
    step: Name | None = None
    statistic: Name | None = None
    search: Annotated[str, Field(max_length=200)] = Field("", description="Only sensors whose name contains it.")
    limit: Annotated[int, Field(ge=1, le=5000)] = Field(50, description="Most limits listed.")
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = Field(0, description="How many of the first to leave out.")


class LimitsExportQuery(Query):
    version: Annotated[int, Field(ge=1, le=10**9)] | None = None
    format: Literal["csv", "xlsx", "parquet"] = "csv"


class LearntLimit(BaseModel):
    equipment: str
    recipe: str
    step: str
    sensor: str
    sensor_title: str
    statistic: str
    statistic_title: str
    lower: float | None
    upper: float | None
    usual: float | None = Field(description="Golden median.")
    spread: float | None
    wafers: int = Field(description="Golden wafers that it rests on.")
    provisional: bool
    source: str


class LimitsAnswer(BaseModel):
    monitor: str
    version: int
    limits: list[LearntLimit]
    total: int = Field(description="Limits that match.")
    recipes: list[str]
    steps: list[str]
    statistics: list[str]


class GoldenLine(BaseModel):
    name: str
    version: int
    rows: int
    created: str
    user: str
    wafers: int | None
    files: list[str] | None
    start: str | float | None
    end: str | float | None
    left_out: int = Field(description="Rows.")
    used_by: list[str] = Field(description="NAME@VERSION of the monitors that learnt from it.")


class GoldenList(BaseModel):
    golden_sets: list[GoldenLine] = Field(description="By name, the newest version first.")


class UsedGolden(GoldenAnswer):
    used_by: list[str]
