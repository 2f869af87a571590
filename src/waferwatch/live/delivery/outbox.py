"""Messages that are to be sent: written with the change that they are about, and kept until they have arrived."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from waferwatch.errors import InputError, NotFoundError
from waferwatch.live.alarms.book import moment
from waferwatch.live.delivery.channel import Channel

MOST_BODY_BYTES = 20_000


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; a person can send it again


@dataclass(frozen=True)
class Message:
    """One message to one channel."""

    id: int
    message: str  # the same in every try: receivers know doubles by it
    channel: int
    event: str
    alarm: int | None
    body: str  # JSON
    subject: str  # one line for people
    created: str
    state: MessageState
    tries: int
    due: float  # seconds since 1970
    failure: str  # of the last try
    ended: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        values: dict[str, Any] = {one.name: row[one.name] for one in fields(cls)}
        return cls(**values | {"state": MessageState(values["state"])})


@dataclass(frozen=True)
class Draft:
    """What a message says."""

    event: str  # such as "alarm.opened"
    subject: str
    data: dict[str, Any]
    alarm: int | None = None


def write_message(connection: sqlite3.Connection, channel: Channel, draft: Draft, now: datetime) -> str:
    """Put a message into the outbox, within the transaction of what it is about. Its id."""
    at = moment(now)
    made = connection.execute(
        "INSERT INTO outbox (message, channel, event, alarm, body, subject, created, state, tries, due, failure, ended)"
        " VALUES (lower(hex(randomblob(16))), ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, '', '')",
        (channel.id, draft.event, draft.alarm, _body(draft, at), draft.subject, at, now.timestamp()),
    )
    # The installation's own part, so that ids stay unlike after a new start with an empty folder.
    connection.execute(
        "UPDATE outbox SET message = 'msg_' || (SELECT id FROM installation) || '_' || id WHERE id = ?",
        (made.lastrowid,),
    )
    return str(connection.execute("SELECT message FROM outbox WHERE id = ?", (made.lastrowid,)).fetchone()[0])


def due_messages(connection: sqlite3.Connection, now: float, busy: Iterable[int]) -> list[tuple[Channel, Message]]:
    """The next message of each channel that may be tried now. One that was never tried is due whatever the clock says:
    it may have been set back since.

    Args:
        busy: channels that are being sent to.
    """
    found = []
    rows = connection.execute("SELECT * FROM channels WHERE enabled AND paused_until <= ?", (now,)).fetchall()
    for channel in map(Channel.of, rows):
        if channel.id not in busy:
            row = connection.execute(
                "SELECT * FROM outbox WHERE channel = ? AND state = 'waiting' AND (due <= ? OR tries = 0)"
                " ORDER BY id LIMIT 1",
                (channel.id, now),
            ).fetchone()
            found += [] if row is None else [(channel, Message.of(row))]
    return found


def list_messages(
    connection: sqlite3.Connection, state: MessageState, limit: int, before: int | None = None
) -> list[tuple[str, Message]]:
    """Messages with the names of their channels, the newest first."""
    rows = connection.execute(
        "SELECT outbox.*, channels.name AS channel_name FROM outbox JOIN channels ON channels.id = outbox.channel"
        " WHERE outbox.state = ? AND outbox.id < ? ORDER BY outbox.id DESC LIMIT ?",
        (state.value, before or 2**62, limit),
    )
    return [(row["channel_name"], Message.of(row)) for row in rows]


def send_again(connection: sqlite3.Connection, message: str, now: datetime) -> None:
    """Let a message that was given up wait again, from its first try.

    Raises:
        NotFoundError: there is no such message.
        InputError: it waits, or has arrived, or its channel is switched off.
    """
    row = connection.execute(
        "SELECT outbox.state, channels.enabled, channels.name FROM outbox JOIN channels"
        " ON channels.id = outbox.channel WHERE message = ?",
        (message,),
    ).fetchone()
    if row is None:
        raise NotFoundError(
            "There is no message {name}.",
            hint="GET /alarms/dead-letters lists them.",
            field="message",
            name=message[:80],
        )
    if row["state"] != MessageState.DEAD:
        raise InputError("This message was not given up.", hint="There is nothing to do.", field="message")
    if not row["enabled"]:
        raise InputError("The channel {name} is switched off.", hint="Switch it on first.", name=row["name"])
    connection.execute(
        "UPDATE outbox SET state = 'waiting', tries = 0, due = ?, ended = '' WHERE message = ?",
        (now.timestamp(), message),
    )


def message_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many messages are in each state."""
    found = connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()
    return {state.value: 0 for state in MessageState} | {row[0]: row[1] for row in found}


def message_document(channel: str, one: Message) -> dict[str, Any]:
    """As JSON."""
    return {
        "message": one.message,
        "channel": channel,
        "event": one.event,
        "alarm": one.alarm,
        "subject": one.subject,
        "created": one.created,
        "state": one.state.value,
        "tries": one.tries,
        "failure": one.failure or None,
    }


def _body(draft: Draft, at: str) -> str:
    data = draft.data
    text = _json(draft, at, data)
    if len(text.encode()) > MOST_BODY_BYTES:  # names of a thousand letters: the receiver asks for the rest
        text = _json(draft, at, {"alarm": {"id": draft.alarm}})
    return text


def _json(draft: Draft, at: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": draft.event, "timestamp": at, "data": data}, ensure_ascii=False)
