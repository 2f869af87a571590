"""Requests and answers of the Groups page."""

from __future__ import annotations

from pydantic import BaseModel, Field

from waferwatch.web.detect.schemas import Count, DetectRequest
from waferwatch.web.schemas import Figure, Name


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
