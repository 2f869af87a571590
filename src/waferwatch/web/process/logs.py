"""The server's log: one record a line, whatever the requests hold that it tells of."""

from __future__ import annotations

import logging
import sys
from typing import Any

from waferwatch.web.process.file_limit import AcceptFilter

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class SafeFormatter(logging.Formatter):
    """Writes control characters as escapes, so that no request can colour, overwrite or forge a line of the log."""

    def format(self, record: logging.LogRecord) -> str:
        kept, record.exc_text = record.exc_text, None  # another handler may have left its own text there
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = escaped(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """A traceback keeps its lines, but they are set in: none can pass for a record."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    {escaped(line)}" for line in lines)


def escaped(text: str) -> str:
    """The text with everything that does not print written as its Python escape."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def log_to_stderr() -> None:
    """Set up the log of this process. Nothing happens when it has one already."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter(_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("asyncio").addFilter(AcceptFilter())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # at every start it names the database it found
