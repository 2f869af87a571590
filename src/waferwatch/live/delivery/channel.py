"""Where messages go: webhooks and mail addresses, with their secrets."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from waferwatch.errors import InputError

EVENTS = ("opened", "reopened", "worsened", "acknowledged", "closed")
DEFAULT_EVENTS = ("opened", "worsened", "closed")
_NAME = re.compile(r"[^\W_][\w .-]{0,79}")
_MAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,255}")
_LONGEST_TARGET = 2000


class ChannelKind(StrEnum):
    """How messages go."""

    WEBHOOK = "webhook"
    MAIL = "mail"


@dataclass(frozen=True)
class Channel:
    """One receiver of messages."""

    id: int
    name: str
    kind: ChannelKind
    target: str  # address of the webhook, or mail address
    secret: str  # of a webhook; never shown again
    old_secret: str  # signs as well until ...
    old_secret_until: str  # ... this moment
    events: tuple[str, ...]
    language: str
    enabled: bool
    disabled_because: str
    paused_until: float  # seconds since 1970: its receiver asked for a pause
    created: str
    created_by: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        values: dict[str, Any] = {one.name: row[one.name] for one in fields(cls)}
        values["events"] = tuple(json.loads(values["events"]))
        return cls(**values | {"kind": ChannelKind(values["kind"]), "enabled": bool(values["enabled"])})

    def secrets(self, now: str) -> list[str]:
        """The secrets that sign now: two while one takes over from the other."""
        return [self.secret, *([self.old_secret] if self.old_secret and now < self.old_secret_until else [])]

    @property
    def shown_target(self) -> str:
        """The target without what may be a password: an address's query."""
        if self.kind is ChannelKind.MAIL:
            return self.target
        parts = urlsplit(self.target)
        return f"{parts.scheme}://{parts.netloc}{parts.path}" + ("?..." if parts.query else "")

    def document(self) -> dict[str, Any]:
        """As JSON, without secrets."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "target": self.shown_target,
            "events": list(self.events),
            "language": self.language,
            "enabled": self.enabled,
            "disabled_because": self.disabled_because or None,
            "created": self.created,
            "created_by": self.created_by,
        }


def check_channel(name: str, kind: ChannelKind, target: str, events: tuple[str, ...]) -> None:
    """
    Raises:
        InputError: for a name, target or event that cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "{name} cannot be the name of a channel.",
            hint="Use up to 80 letters and digits, with - _ . or spaces between them.",
            field="name",
            name=name[:60],
        )
    unknown = [one for one in events if one not in EVENTS]
    if unknown or not events:
        raise InputError(
            "There are no messages about {event}.",
            hint="Choose from: {known}.",
            field="events",
            event=", ".join(unknown) or '""',
            known=", ".join(EVENTS),
        )
    if kind is ChannelKind.MAIL and not _MAIL.fullmatch(target):
        raise InputError(
            "{target} is not a mail address.", hint="Write it like fdc@fab.example.", field="target", target=target[:60]
        )
    if kind is ChannelKind.WEBHOOK:
        split_address(target)


def split_address(target: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a webhook's address.

    Raises:
        InputError: for what is no such address.
    """
    try:
        parts = urlsplit(target)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # what looking it up would fail with: a part that is empty, or too long
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    printable = target.isascii() and target.isprintable() and " " not in target
    if parts.scheme not in ("http", "https") or not host or not printable or len(target) > _LONGEST_TARGET:
        raise _no_address()
    if parts.username is not None or parts.password is not None:
        raise InputError(
            "A webhook address cannot contain a user name or a password.",
            hint="The receiver checks the signature instead.",
            field="target",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path


def _no_address() -> InputError:
    return InputError(
        "This is not a webhook address.", hint="Write it like https://mes.fab.example/alarms.", field="target"
    )
