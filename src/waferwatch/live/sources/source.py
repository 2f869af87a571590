"""What every source is to the rest, and what takes its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from waferwatch.errors import InputError
from waferwatch.live.log.rows import LONGEST_TEXT, LiveRow
from waferwatch.live.log.writer import Accepted
from waferwatch.read.table import Note


class Taker(Protocol):
    """Takes rows: the log of this process, or a server elsewhere."""

    def accept(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Accepted:
        """Keep rows; they are on a disk when this returns.

        Raises:
            WaferwatchError: they are not; ``TooManyError`` and ``StorageFullError`` may pass.
        """


@dataclass(frozen=True)
class SourceStatus:
    """How a source stands at the moment."""

    connected: bool
    reason: Note | None = None  # why it is not
    refused: int = 0  # messages or rows that could not be used, since it began
    files: Mapping[str, int] | None = None  # of a folder: processed, failed, skipped


class LiveSource(Protocol):
    """Reads rows somewhere and hands them to a taker, in threads of its own.

    Nothing is acknowledged to where it came from before ``Taker.accept`` has returned. What was not acknowledged comes
    again and vanishes in the log where it was kept after all.
    """

    name: str

    def start(self, taker: Taker) -> None:
        """Begin; what cannot be reached is tried again and again.

        Raises:
            InputError, MissingExtraError: it can never work as it is set up.
        """

    def status(self) -> SourceStatus:
        """How it stands; quick, and safe to ask from any thread."""

    def stop(self) -> None:
        """End; what was read and not accepted is not acknowledged."""


def source_named(name: str) -> str:
    """The name, if a source can have it: it stands in addresses.

    Raises:
        InputError: it cannot.
    """
    if len(name) > LONGEST_TEXT or not name.isprintable() or not name.strip() or "/" in name:
        raise InputError(
            "The name of the source cannot be used.",
            hint="Take at most {most} letters that can be printed, and no slash.",
            field="source",
            most=LONGEST_TEXT,
        )
    return name
