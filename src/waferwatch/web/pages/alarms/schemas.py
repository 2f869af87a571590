"""Requests and answers about alarms."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import Name, Query, StrictRequest

AlarmText = Annotated[str, Field(max_length=2000)]
AlarmVerdict = Literal["true", "false", "intended_change"]
AlarmNumber = Annotated[int, Field(ge=1, le=2**53)]
_MINUTES = 60 * 24 * 30


class AlarmsQuery(Query):
    state: str | None = Field(
        None, description="Only these states, separated by commas: active, acknowledged, shelved, suppressed, closed."
    )
    equipment: Name | None = Field(None, description="Only this equipment; several separated by commas.")
    since: Name | None = Field(None, description="Only alarms opened at or after this moment (ISO 8601) ...")
    until: Name | None = Field(None, description="... and before this one.")
    verdict: AlarmVerdict | Literal["none"] | None = Field(None, description="Only those with this verdict.")


class AlarmsExportQuery(AlarmsQuery):
    format: Literal["csv", "xlsx"] = "csv"


class AlarmPageQuery(AlarmsQuery):
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="Most alarms in the answer.")
    before: AlarmNumber | None = Field(None, description="The `next` of the page before.")


class FiguresQuery(Query):
    days: Annotated[float, Field(gt=0, le=3660, allow_inf_nan=False)] = Field(7.0, description="How far back to look.")


class NoteRequest(StrictRequest):
    note: AlarmText = Field("", description="What is to be said about it.")


class ShelveRequest(NoteRequest):
    minutes: Annotated[int, Field(ge=1, le=_MINUTES)] | None = Field(
        None, description="For how long; left out: until this occurrence has ended."
    )


class CloseRequest(NoteRequest):
    verdict: AlarmVerdict = Field(description="Whether it was a true alarm, a false one or an intended change.")


class AlarmAnswer(BaseModel):
    id: int
    title: str = Field(description="What it is about, in the user's language.")
    reason: str | None = Field(description="Why the newest wafer is abnormal.")
    kind: str = Field(description="What opened it: rows, wafer or silence.")
    fingerprint: str = Field(description="Alarms with the same one are about the same problem.")
    source: str
    equipment: str | None = Field(description="Null where a whole source is silent.")
    monitor: str | None = Field(description="NAME@VERSION that judged.")
    recipe: str | None
    step: str | None
    sensor: str | None = Field(description="The leading one.")
    direction: str | None = Field(description="up, down or other.")
    lot: str | None
    wafer: str | None = Field(description="The newest that shows it.")
    started: str = Field(description="Time of its first row, by the clock of the rows.")
    last_seen: str = Field(description="Of the last row that shows it.")
    opened_at: str = Field(description="ISO 8601, UTC; as all moments that end in _at.")
    state: str = Field(description="active, acknowledged, shelved, suppressed or closed.")
    ongoing: bool = Field(description="Whether the problem is there now, whatever the state.")
    acknowledged_at: str | None
    acknowledged_by: str | None
    shelved: bool
    shelved_until: str | None = Field(description="Null while it is shelved until it has ended.")
    suppressed: bool = Field(description="Whether the equipment does not produce.")
    closed_at: str | None
    closed_by: str | None = Field(description="`system` where the problem was over.")
    verdict: str | None = Field(description="true, false, intended_change, or null while nobody has said.")
    note: str | None
    severity: str = Field(description="severe, clear or weak.")
    peak: float | None
    threshold: float | None
    ratio: float | None = Field(description="The peak as a multiple of its limit.")
    wafers: int = Field(description="Abnormal ones.")
    in_a_row: int
    raised_at: str | None = Field(description="When it was first active; null where it never was.")
    earlier: int | None = Field(description="The alarm of the same problem before it.")


class AlarmList(BaseModel):
    alarms: list[AlarmAnswer] = Field(description="Newest first.")
    next: int | None = Field(description="What `before` must be for the next page; null when there is none.")
    counts: dict[str, int] = Field(description="How many there are in each state, whatever was asked for.")
    change: int = Field(description="The last change that the answer knows of: where /alarms/stream goes on.")


class ChangeAnswer(BaseModel):
    id: int = Field(description="Grows with each change of any alarm.")
    alarm: int
    at: str
    user: str
    action: str
    before: str | None = Field(description="The state before.")
    after: str
    note: str


class AlarmDetail(AlarmAnswer):
    audit: list[ChangeAnswer] = Field(description="Every change, the oldest first.")


class RateAnswer(BaseModel):
    """Alarms by verdict; rates are false ones per productive equipment-hour."""

    false: int
    true: int
    unjudged: int
    hours: float | None
    per_hour: float | None
    low: float | None = Field(description="Lower and upper end, 95 %.")
    high: float | None


class AlarmFigures(BaseModel):
    load: dict[str, Any] = Field(description="Alarms against the figures of ISA-18.2 and EEMUA 191 for one operator.")
    false_alarms: RateAnswer
    by_equipment: dict[str, RateAnswer]
    by_monitor: dict[str, RateAnswer]
    messages: dict[str, int] = Field(description="Messages by state.")


class ChannelRequest(StrictRequest):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: Literal["webhook", "mail"]
    target: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="Address of the webhook, or the mail address."
    )
    secret: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="Of a webhook: whsec_ and Base64; left out: a new one."
    )
    events: Annotated[list[str], Field(min_length=1, max_length=10)] | None = Field(
        None, description="opened, reopened, worsened, acknowledged, closed; left out: opened, worsened, closed."
    )
    language: Literal["en", "ko"] = Field("en", description="Of its sentences.")


class ChannelPatch(StrictRequest):
    enabled: bool


class SecretRequest(StrictRequest):
    secret: Annotated[str, Field(max_length=200)] | None = Field(None, description="Left out: a new one.")


class ChannelAnswer(BaseModel):
    name: str
    kind: str
    target: str = Field(description="Without its query, which may be a password.")
    events: list[str]
    language: str
    enabled: bool
    disabled_because: str | None
    created: str
    created_by: str


class ChannelSecret(ChannelAnswer):
    secret: str | None = Field(description="Shown this once; null for a mail address.")


class ChannelList(BaseModel):
    channels: list[ChannelAnswer]


class MessageAnswer(BaseModel):
    message: str
    channel: str
    event: str
    alarm: int | None
    subject: str
    created: str
    state: str
    tries: int
    failure: str | None


class MessageList(BaseModel):
    messages: list[MessageAnswer] = Field(description="Newest first.")


class QueuedAnswer(BaseModel):
    message: str = Field(description="Id of the message, which its receiver gets as webhook-id.")
