"""Its answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Query

WatchedState = Literal["alarm", "watched", "learning", "maintenance", "silent", "failing", "no_monitor"]
Grouping = Literal["type", "source", "monitor"]
Text = Annotated[str, Field(max_length=200)]


class WatchPageQuery(Query):
    """What the page shows; all of it but ``wall`` is read by its script."""

    group: Grouping | None = None
    area: Text | None = None
    state: WatchedState | Literal[""] | None = None
    find: Text | None = None
    wall: Literal["", "1"] | None = Field(None, description="1: large, for a screen on the wall, without controls.")
    lang: Text | None = None


class WatchQuery(Query):
    group: Grouping = Field("type", description="What chambers are grouped by: type is the letters of their names.")
    area: Text | None = Field(None, description="Only the group of this name.")
    state: WatchedState | None = Field(None, description="Only chambers in this state; failing: that cannot be scored.")
    find: Text | None = Field(None, description="Only chambers whose name contains it.")
    limit: Annotated[int, Field(ge=1, le=2000)] = Field(60, description="About how many chambers come in full.")
    known: Annotated[str, Field(max_length=10_000)] | None = Field(
        None, description="Digests of groups, separated by commas, whose names need not be sent again."
    )


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
    learning: dict[str, Any] | None = Field(description="As in /live.")
    alarms: int = Field(description="Active or acknowledged ones.")
    severity: str | None = Field(description="Of the worst of them; null without any.")


class WatchedGroup(BaseModel):
    name: str = Field(description="Empty where it is not known.")
    total: int
    counts: dict[str, int] = Field(description="How many chambers are in each state; `alarm`: with an open alarm.")
    cells: str = Field(
        description="One letter for each chamber by source and name: S, C, W an alarm (severe, clear, weak), "
        ". watched, l learning, m in maintenance, n no data, x cannot be scored, o without a monitor."
    )
    digest: str = Field(description="Changes with the names.")
    names: list[tuple[str, str]] | None = Field(
        description="Source and name of each chamber, as the cells; null where `known` has the digest."
    )
    chambers: list[WatchedChamber] = Field(description="The worst first; not all of a large group.")


class AlarmsToday(BaseModel):
    """Alarms of the last 24 hours, by what was said of them."""

    alarms: int
    true: int
    false: int


class WatchedChambers(BaseModel):
    groups: list[WatchedGroup] = Field(description="The one with the worst chamber first.")
    total: int = Field(description="Chambers in all.")
    shown: int = Field(description="Of them, how many the query asks for.")
    counts: dict[str, int] = Field(description="How many chambers are in each state.")
    waiting: int = Field(description="Rows without an early score yet.")
    unconfirmed: dict[int, Literal["waiting", "denied"]] = Field(
        description="Open alarms of early scores that no settled score confirms: yet (waiting), or at all (denied)."
    )
    today: AlarmsToday


class WatchedSource(BaseModel):
    name: str
    kind: str = Field(description="As in /live.")
    connected: bool | None = Field(description="null: nobody can know, as of rows that are pushed.")
    reason: str | None = Field(description="Why it is not connected, or why a replay failed.")
    chambers: int
    rows: int
    refused: int = Field(description="Messages or rows that could not be used, since the server began.")
    lag_s: float | None = Field(description="Seconds since its last row; null: none has come.")
    silent: bool = Field(description="For longer than it may be.")
    replay: dict[str, Any] | None = Field(description="As in /live.")


class RefusedFile(BaseModel):
    file: str
    reason: str
    at: float = Field(description="Seconds since 1970.")


class WatchedFolder(BaseModel):
    folder: str
    processed: int
    failed: int
    skipped: int
    last: float = Field(description="When the last file was dealt with: seconds since 1970.")
    failures: list[RefusedFile] = Field(description="The newest of those that could not be read.")


class SourcesAnswer(BaseModel):
    sources: list[WatchedSource]
    folders: list[WatchedFolder]
