"""Requests and answers of the Compare page."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from waferwatch.web.results.schemas import QuestionRequest
from waferwatch.web.shell.schemas import (
    Figure,
    Names,
)

_FAILURE = "Why the detector gave no result, with the remedy, in the reader's language; null when it did."


class CompareRequest(QuestionRequest):
    detectors: Names | None = Field(None, description="Names of the detectors to compare; left out: all.")


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


class CompareAnswer(BaseModel):
    rows: list[ComparedDetector]
    figure: Figure


class MomentBenefit(BaseModel):
    answer: str = Field(description="Whether MOMENT earned its keep: yes, slightly, tie, no or unknown.")
    measure: str | None = Field(description="What the answer rests on: vus_pr (labels) or injected (faults found).")
    moment: float | None
    other: str | None = Field(description="The detector that MOMENT was held against.")
    other_value: float | None
    difference: float | None
    better: str | None = Field(description="The best detector without MOMENT, where it does better than MOMENT.")
    better_value: float | None


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
    agreement: AgreementAnswer
    faults: FaultsAnswer | None
    figures: ComparisonFigures
