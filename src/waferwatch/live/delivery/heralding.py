"""Which changes of alarms are sent to whom; a flood becomes one message."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from waferwatch.live.alarms.alarm import Action, AlarmChange, AlarmRecord, AlarmState
from waferwatch.live.alarms.book import Clock, moment, utc_now
from waferwatch.live.alarms.titles import Translate, alarm_document, said, title_of
from waferwatch.live.delivery.channel import Channel
from waferwatch.live.delivery.channels import all_channels
from waferwatch.live.delivery.outbox import Draft, write_message
from waferwatch.read.table import Note

FLOOD_ABOVE, FLOOD_BELOW = 10, 5  # new alarms within ten minutes: a flood begins, and ends
FLOOD_SPAN = timedelta(minutes=10)
Speak = Callable[[str], Translate]  # a language -> its translator
_BECOMES_ACTIVE = (Action.OPENED, Action.REOPENED, Action.UNSUPPRESSED, Action.UNSHELVED)
_ENDS = (Action.ENDED, Action.CLOSED)


def english(_language: str) -> Translate:
    """Sentences as they are written."""
    return str


class Messenger:
    """The :class:`Herald` that writes messages into the outbox.

    Args:
        speak: gives the translator of a channel's language.
    """

    def __init__(self, speak: Speak = english, clock: Clock = utc_now) -> None:
        self._speak = speak
        self._clock = clock

    def herald(
        self, connection: sqlite3.Connection, before: AlarmRecord | None, after: AlarmRecord, change: AlarmChange
    ) -> bool:
        """Write what is to be sent about a change. Whether it announces the alarm."""
        event = event_of(after, change)
        if event == "opened" and not self._announces(connection):
            return False
        if event and not _flooded(connection):
            for channel in all_channels(connection):
                if channel.enabled and event in channel.events:
                    write_message(connection, channel, self._draft(channel, event, after, change), self._clock())
        return event == "opened"

    def calm(self, connection: sqlite3.Connection) -> bool:
        """End a flood that is over, and say so. Whether one has ended."""
        flood = _open_flood(connection)
        now = self._clock()
        if flood is None or _raised(connection, now) >= FLOOD_BELOW:
            return False
        connection.execute("UPDATE alarm_floods SET ended = ? WHERE id = ?", (moment(now), flood["id"]))
        values = {"count": flood["alarms"], "since": flood["began"][:19].replace("T", " ")}
        self._tell_all(connection, "alarms.flood_ended", Note("Alarm flood over: {count} since {since} UTC", values))
        return True

    def test(self, connection: sqlite3.Connection, channel: Channel) -> str:
        """Write a message that says nothing has happened. Its id."""
        note = Note("Test message of waferwatch to {name}", {"name": channel.name})
        return write_message(connection, channel, self._plain(channel, "test", note), self._clock())

    def _announces(self, connection: sqlite3.Connection) -> bool:
        """Whether a new alarm is announced by itself; a flood begins with the one that makes it too many."""
        now = self._clock()
        if _flooded(connection):
            connection.execute("UPDATE alarm_floods SET alarms = alarms + 1 WHERE ended = ''")
            return False
        count = _raised(connection, now)
        if count <= FLOOD_ABOVE:
            return True
        began = moment(now)
        connection.execute("INSERT INTO alarm_floods (began, ended, alarms) VALUES (?, '', ?)", (began, count))
        note = Note("Alarm flood: {count} new alarms within 10 minutes; the list shows them all", {"count": count})
        self._tell_all(connection, "alarms.flood", note)
        return False

    def _tell_all(self, connection: sqlite3.Connection, event: str, note: Note) -> None:
        for channel in all_channels(connection):
            if channel.enabled:
                write_message(connection, channel, self._plain(channel, event, note), self._clock())

    def _plain(self, channel: Channel, event: str, note: Note) -> Draft:
        text = said(note, self._speak(channel.language))
        return Draft(event, text, {"text": text, **json.loads(json.dumps(note.values))})

    def _draft(self, channel: Channel, event: str, alarm: AlarmRecord, change: AlarmChange) -> Draft:
        translate = self._speak(channel.language)
        title = said(title_of(alarm), translate)
        note = Note("{title} · alarm {number}: {event}", _values(alarm, title, event, translate))
        data = {"text": title, "change": change.id, "user": change.user, "note": change.note or None}
        return Draft(
            f"alarm.{event}", said(note, translate), data | {"alarm": alarm_document(alarm, translate)}, alarm.id
        )


def event_of(after: AlarmRecord, change: AlarmChange) -> str:
    """What a change is called in a message; "" for one that is not.

    An alarm that was not announced ends in silence, and one that opens again is no new one.
    """
    if change.action in _BECOMES_ACTIVE and after.state is AlarmState.ACTIVE:
        return "reopened" if after.announced else "opened"
    if not after.announced:
        return ""
    if change.action in _ENDS:
        return "closed"
    if change.action is Action.WORSENED:
        return "worsened" if after.state is AlarmState.ACTIVE else ""
    return "acknowledged" if change.action is Action.ACKNOWLEDGED else ""


def _values(alarm: AlarmRecord, title: str, event: str, translate: Translate) -> dict[str, Any]:
    names = {
        "opened": translate("opened"),
        "reopened": translate("opened again"),
        "worsened": translate("has become worse"),
        "acknowledged": translate("acknowledged"),
        "closed": translate("closed"),
    }
    return {"title": title, "number": alarm.id, "event": names[event]}


def _open_flood(connection: sqlite3.Connection) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM alarm_floods WHERE ended = ''").fetchone()
    return row


def _flooded(connection: sqlite3.Connection) -> bool:
    return _open_flood(connection) is not None


def _raised(connection: sqlite3.Connection, now: datetime) -> int:
    since = moment(now - FLOOD_SPAN)
    return int(connection.execute("SELECT count(*) FROM alarms WHERE raised_at > ?", (since,)).fetchone()[0])
