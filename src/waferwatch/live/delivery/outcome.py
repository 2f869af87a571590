"""What came of a try, and what follows from it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from waferwatch.live.alarms.book import moment
from waferwatch.live.delivery.outbox import Message, MessageState
from waferwatch.live.delivery.schedule import next_wait, pause_after


@dataclass(frozen=True)
class Outcome:
    """What came of one try."""

    failure: str = ""  # why it was not taken; "" where it was
    wait: float | None = None  # seconds that the receiver asks for
    slow: bool = False  # whether the receiver can take nothing now: the whole channel rests
    gone: bool = False  # whether the receiver wants no message any more
    hopeless: bool = False  # whether another try would end in the same way


def settle(connection: sqlite3.Connection, message: Message, outcome: Outcome, now: datetime) -> None:
    """Write down what came of a try. Whoever dies before this has sent the message, and sends it again."""
    tries = message.tries + 1
    wait = next_wait(tries)
    if not outcome.failure:
        state, due = MessageState.DELIVERED, 0.0
    elif outcome.gone or outcome.hopeless or wait is None:
        state, due = MessageState.DEAD, 0.0
    else:
        state, due = MessageState.WAITING, now.timestamp() + max(wait, outcome.wait or 0.0)
    ended = "" if state is MessageState.WAITING else moment(now)
    connection.execute(
        "UPDATE outbox SET state = ?, tries = ?, due = ?, failure = ?, ended = ? WHERE id = ?",
        (state.value, tries, due, outcome.failure, ended, message.id),
    )
    if outcome.gone:
        _switch_off(connection, message.channel, outcome.failure, now)
    elif outcome.slow:
        pause = max(outcome.wait or 0.0, pause_after(tries))
        connection.execute(
            "UPDATE channels SET paused_until = ? WHERE id = ?", (now.timestamp() + pause, message.channel)
        )


def forget_delivered(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget messages that have arrived long ago."""
    connection.execute(
        "DELETE FROM outbox WHERE state = ? AND ended < ?", (MessageState.DELIVERED.value, moment(before))
    )


def _switch_off(connection: sqlite3.Connection, channel: int, failure: str, now: datetime) -> None:
    connection.execute("UPDATE channels SET enabled = 0, disabled_because = ? WHERE id = ?", (failure, channel))
    connection.execute(
        "UPDATE outbox SET state = ?, failure = ?, ended = ? WHERE channel = ? AND state = ?",
        (MessageState.DEAD.value, failure, moment(now), channel, MessageState.WAITING.value),
    )
