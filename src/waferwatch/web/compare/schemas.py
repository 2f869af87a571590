"""Requests and answers of the Compare page."""

from __future__ import annotations

from pydantic import BaseModel, Field

from waferwatch.web.schemas import (
    DEFAULT_CONTAMINATION,
    REFERENCE_HELP,
    SENSORS_HELP,
    SHARE_HELP,
    DataRequest,
    Figure,
    Names,
    Rows,
    Share,
)


class CompareRequest(DataRequest):
    features: Names | None = Field(None, description=SENSORS_HELP)
    detectors: Names | None = Field(None, description="Names of the detectors to compare; left out: all.")
    contamination: Share = Field(DEFAULT_CONTAMINATION, description=SHARE_HELP)
    reference_rows: Rows | None = Field(None, description=REFERENCE_HELP)


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
