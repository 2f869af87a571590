"""Requests and answers of the Compare page."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from waferwatch.web.results.schemas import QuestionRequest
from waferwatch.web.shell.schemas import (
    Figure,
    Names,
)

_FAILURE = "Why the detector gave no result, with the remedy, in the reader's language; null when it did."


class CompareRequest(QuestionRequest):
    detectors: Names | None = Field(None, description="Names of the detectors to compare; left out: all.")


class DelayRangeAnswer(BaseModel):
    median: float
    least: float
    most: float


class EventFiguresAnswer(BaseModel):
    faults: int = Field(description="Labelled faults: labelled rows merged as flagged rows are.")
    found: int
    found_low: float | None = Field(description="95 % interval of the share found (Wilson).")
    found_high: float | None
    false_events: int = Field(description="Events without a row inside a fault.")
    false_low: float = Field(description="95 % interval of their number (exact, of a Poisson count).")
    false_high: float
    hours: float | None = Field(description="Equipment-hours without a fault; null where times are no dates.")
    vus_low: float | None = Field(description="95 % interval of VUS-PR (bootstrap over blocks).")
    vus_high: float | None
    delay: DelayRangeAnswer | None = Field(description="Points from a fault's first row to the first flag.")
    delay_seconds: DelayRangeAnswer | None
    recall: list[float] = Field(description="Precision-recall curve of events: share of faults found,")
    precision: list[float] = Field(description="and share of events that are faults.")


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
    peak_memory_bytes: int | None = Field(
        description="Memory of the process at its highest above what it held before; approximate."
    )
    failure: str | None = Field(description=_FAILURE)
    figures: EventFiguresAnswer | None = Field(description="Events against labelled faults; null without labels.")
    step_normalised: bool = Field(description="A baseline that reads rows by their recipe steps, as MOMENT does.")


class CompareAnswer(BaseModel):
    rows: list[ComparedDetector]
    figure: Figure


class IntervalAnswer(BaseModel):
    value: float
    low: float
    high: float


class PairAnswer(BaseModel):
    answer: str = Field(
        description="better, worse, no_difference, too_few_to_tell, too_few_faults, unknown, or not_tested for a "
        "comparison of an older version."
    )
    measure: str | None = Field(description="What the answer rests on: vus_pr (labels) or injected (faults found).")
    detector: str | None
    other: str | None = Field(description="The detector that it was compared with.")
    value: float | None = Field(description="VUS-PR, or the share of injected faults found.")
    other_value: float | None
    difference: float | None
    low: float | None = Field(description="95 % interval of the difference (paired bootstrap over blocks).")
    high: float | None
    faults: int
    found: int | None
    other_found: int | None
    only_one: int = Field(description="Faults that only the detector finds.")
    only_other: int
    chance: float | None = Field(description="How often chance divides the faults at least as unevenly (sign test).")
    false_difference: IntervalAnswer | None = Field(description="Of the numbers of false events.")
    delay_difference: IntervalAnswer | None = Field(description="Of the delays in points, of faults that both find.")
    time_ratio: float | None
    more_events: int | None = Field(description="Events of which the other flags no row.")
    more_faults: int | None = Field(description="Those of them that lie in a labelled fault; null without labels.")


class MomentBenefit(PairAnswer):
    moment: float | None = Field(description="The same as value.")
    better: str | None = Field(description="The best detector without MOMENT, where it does better than MOMENT.")
    better_value: float | None


class FaultHitAnswer(BaseModel):
    delay: int
    event: int
    peak_row: int


class LabelledFaultAnswer(BaseModel):
    start: str | float | None
    end: str | float | None
    start_row: int
    end_row: int
    rows: int
    equipment: str | None
    lot: str | None
    found_by: dict[str, FaultHitAnswer] = Field(description="Detector to how it found the fault.")


class ResamplingAnswer(BaseModel):
    draws: int
    seed: int
    blocks: int
    faulty_blocks: int


class ComparisonExportQuery(BaseModel):
    format: Literal["csv", "xlsx", "json"] = Field("csv", description="csv: the table; xlsx: a sheet each; json: all.")


class FoundEventAnswer(BaseModel):
    detector: str = Field(description="Which found it.")
    missed_by: list[str] = Field(description="Detectors that flag none of its rows.")
    event: int
    kind: str
    start: str | float | None
    end: str | float | None
    start_row: int
    end_row: int
    peak_row: int
    rows: int
    peak_score: float | None
    equipment: str | None
    lot: str | None
    sensors: list[str]
    labelled: bool | None = Field(description="Whether any of its rows is labelled anomalous; null without labels.")


class AgreementAnswer(BaseModel):
    detectors: list[str] = Field(description="Rows and columns of the matrices.")
    jaccard: list[list[float | None]] = Field(description="Rows that both flag / rows that either flags.")
    missed: list[list[int]] = Field(description="[a][b]: events of a of which b flags no row.")
    events: list[FoundEventAnswer] = Field(description="Of each pair the missed events with the highest peaks.")


class FoundFaults(BaseModel):
    faults: int
    found: int
    recall: float | None
    delay: float | None = Field(description="Median points from a fault's start to its first flag, of those found.")


class TestedDetector(BaseModel):
    detector: str
    total: FoundFaults
    low: float | None = Field(description="Lower end of the 95 % interval of the total recall.")
    high: float | None
    false_alarms: float | None = Field(description="Share of the normal rows that it flags.")
    kinds: dict[str, FoundFaults]
    sizes: dict[str, FoundFaults]
    failure: str | None = Field(description=_FAILURE)


class FaultsAnswer(BaseModel):
    source: str = Field(description="Rows taken to be normal: reference, or least_scored.")
    rows: int = Field(description="Normal rows that faults were put into.")
    rounds: int
    allowed: float = Field(description="Share of the normal rows that each detector may flag.")
    seed: int
    faults: int
    detectors: list[TestedDetector]


class ComparisonFigures(BaseModel):
    curves: Figure | None = Field(description="Precision and recall of events; null without labels.")
    measures: Figure | None
    agreement: Figure | None
    faults: Figure | None = Field(description="Share of the injected faults found, by detector and kind.")
    delays: Figure | None


class ComparisonAnswer(BaseModel):
    run: str
    kind: str
    dataset: str
    options: dict[str, Any]
    rows: list[ComparedDetector]
    labelled: bool
    verdict: MomentBenefit
    sentences: list[str] = Field(description="The verdict in sentences, in the reader's language, the answer first.")
    titles: dict[str, str] = Field(description="Detector to its short name, in the reader's language.")
    pairs: list[PairAnswer] = Field(description="Every detector against every other.")
    labelled_faults: list[LabelledFaultAnswer]
    resampling: ResamplingAnswer | None = Field(description="How the intervals were made; null without labels.")
    agreement: AgreementAnswer
    faults: FaultsAnswer | None
    figures: ComparisonFigures
