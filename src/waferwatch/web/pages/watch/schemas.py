"""Its answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Query


class WatchQuery(Query):
    limit: Annotated[int, Field(ge=1, le=2000)] = Field(120, description="Most chambers in the answer.")


class WatchedChamber(BaseModel):
    source: str
    equipment: str
    state: str = Field(description="As in /live.")
    reason: str | None = Field(description="Why it is not scored.")
    monitor: str | None
    lag_s: float = Field(description="Seconds since its last row.")
    threshold: float | None
    worst: float | None = Field(description="Highest early score of the last ten minutes.")
    course: list[float] = Field(description="Highest early scores of ten seconds each, the newest last.")
    alarms: int = Field(description="Active or acknowledged ones.")
    severity: str | None = Field(description="Of the worst of them; null without any.")


class AlarmsToday(BaseModel):
    """Alarms of the last 24 hours, by what was said of them."""

    alarms: int
    true: int
    false: int


class WatchedChambers(BaseModel):
    chambers: list[WatchedChamber] = Field(description="The worst first.")
    total: int
    counts: dict[str, int] = Field(description="How many chambers are in each state.")
    waiting: int = Field(description="Rows without an early score yet.")
    today: AlarmsToday
