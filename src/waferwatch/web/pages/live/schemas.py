"""Its requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel

from waferwatch.web.shell.schemas import Name, Query, StrictRequest

Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class LiveRowBody(BaseModel):
    """One row. Every other key with a number is a sensor; ``sensors`` may hold them instead."""

    model_config = ConfigDict(extra="allow")

    equipment: str = Field(description="The tool or chamber.")
    time: str | int | float = Field(description="ISO 8601, or a number of seconds, ms, us or ns since 1970.")
    lot: str | int | None = None
    wafer: str | int | None = None
    recipe: str | int | None = None
    step: str | int | None = None
    state: str | None = Field(None, description="State of SEMI E10, such as productive or scheduled down.")
    run: str | int | None = Field(None, description="Name of the run; left out: lot and wafer.")
    sequence: int | None = Field(None, description="Number that tells rows of one moment apart.")
    sensors: dict[str, float | None] | None = Field(None, description="Sensor -> reading.")


class LiveRowsBody(RootModel[list[LiveRowBody]]):
    """Rows as a JSON array. JSON lines, Telegraf's JSON and CSV are taken as well, each also in gzip."""


class AcceptQuery(Query):
    monitor: Name | None = Field(None, description="Monitor that scores this source from now on.")


class AcceptedAnswer(BaseModel):
    position: int = Field(description="Of the last row in the log: all of the rows are on the disk.")
    rows: int = Field(description="That are new.")
    duplicates: int = Field(description="That were there already.")
    late: int = Field(description="Before the newest row of their equipment: kept, and not scored.")


class LearningAnswer(BaseModel):
    monitor: str
    have: int
    need: int
    unit: str = Field(description="`wafers` or `rows`, of the equipment with the fewest.")
    why: str | None = Field(description="Why it waits.")


class MaintenanceAnswer(BaseModel):
    equipment: str
    began: float = Field(description="Seconds since 1970.")
    ended: float | None
    quiet: int = Field(description="Wafers after its end that raise no alarm.")
    wafers: int = Field(description="Of these, how many have ended.")
    note: str
    by: str = Field(description="`state`: the rows themselves said so.")
    rebase: str = Field(
        description="Whether levels are learnt anew after it: empty, `waiting` for good wafers, `done` or `refused`."
    )
    version: str | None = Field(description="NAME@NUMBER with the levels after it; the one of before if none moved.")
    reason: str | None = Field(description="Why they were refused.")


class LiveEquipmentAnswer(BaseModel):
    source: str
    equipment: str
    state: str = Field(
        description="`watched`, `no_monitor`, `cannot_score`, `unknown`, `no_early`, `learning`, `maintenance` or "
        "`silent`."
    )
    reason: str | None
    monitor: str | None = Field(description="NAME@NUMBER.")
    last_time: str | None
    last_received: float
    lag_s: float = Field(description="Seconds since its last row.")
    rows: int
    late: int
    duplicates: int
    worst: float | None = Field(description="Highest early score of the last ten minutes.")
    threshold: float | None
    learning: LearningAnswer | None
    equipment_state: str | None
    maintenance: MaintenanceAnswer | None = Field(description="The last one.")
    unknown_sensors: list[str]
    missing_sensors: list[str]


class FileCountsAnswer(BaseModel):
    processed: int
    failed: int
    skipped: int


class PlayedAnswer(BaseModel):
    dataset: str
    speed: float = Field(description="Times as fast as it was recorded; 0: as fast as can be.")
    sent: int = Field(description="Rows that are handed over.")
    rows: int = Field(description="Of as many.")
    state: str = Field(description="`running`, `done`, `stopped` or `failed`.")


class LiveSourceAnswer(BaseModel):
    name: str
    kind: str = Field(
        description="`folder`, `mqtt`, `kafka` or `secs` of the file of sources; `replay`; `pushed`: over HTTP or from "
        "a command."
    )
    monitor: str | None = Field(description="That the file of sources names.")
    connected: bool | None = Field(description="null: nobody can know, as of rows that are pushed.")
    reason: str | None = Field(description="Why it is not connected, or why a replay failed.")
    last_received: float | None = Field(description="Seconds since 1970.")
    silent: bool = Field(description="It has sent nothing for longer than it should.")
    equipment: int
    rows: int
    late: int
    duplicates: int
    refused: int = Field(description="Messages or rows that could not be used, since the server began.")
    files: FileCountsAnswer | None = Field(description="Of a folder.")
    replay: PlayedAnswer | None


class LiveAnswer(BaseModel):
    position: int
    waiting: int = Field(description="Rows without an early score yet.")
    behind_s: float = Field(description="Seconds that the oldest of them has waited.")
    unsettled: int = Field(description="Rows that wait to be taken in for settled scores.")
    skipped: int = Field(description="Rows that got no early score since the server began: they had waited too long.")
    overload: str | None = Field(description="A sentence where rows come faster than they can be scored.")
    equipment: list[LiveEquipmentAnswer]
    sources: list[LiveSourceAnswer]


class WatchRequest(StrictRequest):
    source: Pattern = Field("*", description="Name of sources, with * and ?.")
    equipment: Pattern = Field("*", description="Name of equipment, with * and ?.")
    monitor: Name = Field(description="NAME, or NAME@NUMBER.")
    learn_wafers: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="Learn the monitor from this many wafers of each equipment, where there is none yet."
    )
    learn_rows: Annotated[int, Field(ge=100, le=200_000)] | None = Field(
        None, description="Instead: from this many rows of each equipment."
    )
    detector: Name | None = Field(None, description="That it is learnt with; left out: moment.")


class WatchAnswer(BaseModel):
    source: str
    equipment: str
    monitor: str


class WatchList(BaseModel):
    watches: list[WatchAnswer] = Field(description="The first one whose patterns fit counts.")


class EndWatchQuery(Query):
    source: Pattern = "*"
    equipment: Pattern = "*"


class LiveTraceQuery(Query):
    rows: Annotated[int, Field(ge=1, le=5000)] = Field(600, description="How many of the last rows.")
    after: Annotated[int, Field(ge=0, le=2**62)] = Field(0, description="Only rows after this position.")


class LiveTraceAnswer(BaseModel):
    source: str
    equipment: str
    monitor: str | None
    threshold: float | None
    lower_threshold: float | None
    sensors: list[str]
    positions: list[int]
    times: list[str]
    early: list[float | None]
    settled: list[float | None]
    values: list[list[float | None]] = Field(description="Of each sensor, row by row.")
    wafers: list[str | None]
    steps: list[str | None]


class MaintenanceRequest(StrictRequest):
    ended: bool = Field(False, description="true: the maintenance that is under way has ended.")
    note: Annotated[str, Field(max_length=1000)] = Field("", description="What is done.")


class FaultyRequest(StrictRequest):
    lot: Annotated[str, Field(max_length=200)] = ""
    wafer: Annotated[str, Field(max_length=200)] = Field("", description="Left out: all rows between two times.")
    start: Annotated[str, Field(max_length=40)] | None = Field(None, description="ISO 8601, by the clock of the rows.")
    stop: Annotated[str, Field(max_length=40)] | None = None
    note: Annotated[str, Field(max_length=1000)] = ""


class FaultyAnswer(BaseModel):
    id: int
    equipment: str
    lot: str
    wafer: str
    start: str | None
    stop: str | None
    note: str
    by: str
    at: float = Field(description="Seconds since 1970.")


class FaultyList(BaseModel):
    faulty: list[FaultyAnswer] = Field(description="The newest first.")
