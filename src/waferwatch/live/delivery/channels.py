"""The channels of one server, kept with the alarms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from waferwatch.errors import InputError, NotFoundError
from waferwatch.live.alarms.book import moment
from waferwatch.live.delivery.channel import DEFAULT_EVENTS, Channel, ChannelKind, check_channel
from waferwatch.live.delivery.signing import key_of, new_secret

OVERLAP = timedelta(hours=24)  # for which the old secret signs as well


def all_channels(connection: sqlite3.Connection) -> list[Channel]:
    """By name."""
    return [Channel.of(row) for row in connection.execute("SELECT * FROM channels ORDER BY name")]


def channel_named(connection: sqlite3.Connection, name: str) -> Channel:
    """
    Raises:
        NotFoundError: there is no such channel.
    """
    row = connection.execute("SELECT * FROM channels WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFoundError(
            "There is no channel {name}.", hint="GET /alarms/channels lists them.", field="name", name=name[:80]
        )
    return Channel.of(row)


def add_channel(
    connection: sqlite3.Connection,
    name: str,
    kind: ChannelKind,
    target: str,
    *,
    user: str,
    now: datetime,
    secret: str | None = None,
    events: Sequence[str] = DEFAULT_EVENTS,
    language: str = "en",
) -> Channel:
    """Keep a new channel. A webhook without a secret gets a new one.

    Raises:
        InputError: for a name that is taken, and for what cannot be used.
    """
    check_channel(name, kind, target, tuple(events))
    if connection.execute("SELECT 1 FROM channels WHERE name = ?", (name,)).fetchone():
        raise InputError("There is a channel {name} already.", hint="Choose another name.", field="name", name=name)
    if kind is ChannelKind.MAIL and secret:
        raise InputError("A mail address has no secret.", hint="Leave it out.", field="secret")
    if kind is ChannelKind.WEBHOOK:
        secret = secret or new_secret()
        key_of(secret)
    values = (name, kind.value, target, secret or "", json.dumps(list(events)), language, moment(now), user)
    connection.execute(
        "INSERT INTO channels (name, kind, target, secret, old_secret, old_secret_until, events, language, enabled,"
        " disabled_because, paused_until, created, created_by) VALUES (?, ?, ?, ?, '', '', ?, ?, 1, '', 0, ?, ?)",
        values,
    )
    return channel_named(connection, name)


def rotate_secret(connection: sqlite3.Connection, name: str, now: datetime, secret: str | None = None) -> Channel:
    """Give a webhook another secret; for a day both sign.

    Raises:
        NotFoundError: there is no such channel.
        InputError: it is a mail address, or the secret cannot be used.
    """
    channel = channel_named(connection, name)
    if channel.kind is ChannelKind.MAIL:
        raise InputError("A mail address has no secret.", hint="Leave it out.", field="secret")
    made = secret or new_secret()
    key_of(made)
    connection.execute(
        "UPDATE channels SET secret = ?, old_secret = ?, old_secret_until = ? WHERE id = ?",
        (made, channel.secret, moment(now + OVERLAP), channel.id),
    )
    return channel_named(connection, name)


def switch_channel(connection: sqlite3.Connection, name: str, enabled: bool) -> Channel:
    """Send to a channel, or do not for now: what happens meanwhile is not sent later.

    Raises:
        NotFoundError: there is no such channel.
    """
    channel = channel_named(connection, name)
    connection.execute(
        "UPDATE channels SET enabled = ?, disabled_because = '', paused_until = 0 WHERE id = ?", (enabled, channel.id)
    )
    return channel_named(connection, name)


def remove_channel(connection: sqlite3.Connection, name: str) -> None:
    """Forget a channel and what waits for it.

    Raises:
        NotFoundError: there is no such channel.
    """
    connection.execute("DELETE FROM channels WHERE id = ?", (channel_named(connection, name).id,))
