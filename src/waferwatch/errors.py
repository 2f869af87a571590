"""One small tree of exceptions that know their HTTP status, exit code, sentence and remedy.

Sentences are English templates with named places (``"{column} does not exist."``). The template is also the key under
which the translations are kept, so the web can show the same sentence in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class WaferwatchError(Exception):
    """A failure that one sentence explains to a person, with what to do about it.

    Args:
        message: English sentence with ``{named}`` places.
        hint: the remedy, the same kind of template.
        field: the option, form field or column the error is about, as the caller wrote it.
        values: what fills the named places; ``message``, ``hint`` and ``field`` cannot be names of places.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, hint: str = "", field: str | None = None, **values: Any) -> None:
        super().__init__(message)
        self.message_template = message
        self.hint_template = hint
        self.field = field
        self.values = values
        self.upload: str | None = None  # id of the uploaded file that was refused, where it is kept for a while

    def message(self, translate: Callable[[str], str] = str) -> str:
        return translate(self.message_template).format(**self.values)

    def hint(self, translate: Callable[[str], str] = str) -> str:
        return translate(self.hint_template).format(**self.values) if self.hint_template else ""

    def __str__(self) -> str:
        return f"{self.message()} {self.hint()}".strip()


class InputError(WaferwatchError):
    """The data or an option given by the user cannot be used."""

    status, exit_code, code = 422, 2, "bad_input"


class NotFoundError(WaferwatchError):
    """A data set, column, detector or checkpoint that does not exist was asked for."""

    status, exit_code, code = 404, 2, "not_found"


class DamagedError(NotFoundError):
    """A kept file does not hold what was written to it. Its values are not shown."""

    status, exit_code, code = 410, 2, "damaged"


class StorageFullError(WaferwatchError):
    """The disk is full or cannot be written. What was there before is still there."""

    status, exit_code, code = 507, 2, "storage_full"


class TooLargeError(WaferwatchError):
    """More bytes, rows or columns than the settings allow."""

    status, exit_code, code = 413, 2, "too_large"


class TooManyError(WaferwatchError):
    """Rate limit or queue limit exceeded.

    Args:
        seconds: when it is worth trying again.
    """

    status, exit_code, code = 429, 2, "too_many"

    def __init__(self, message: str, *, seconds: int, hint: str = "", field: str | None = None, **values: Any) -> None:
        super().__init__(message, hint=hint, field=field, seconds=seconds, **values)
        self.seconds = seconds


class ModelError(WaferwatchError):
    """A checkpoint that is missing, damaged or of another kind. Never answered by another detector."""

    status, exit_code, code = 503, 2, "model_unavailable"


class MissingExtraError(WaferwatchError):
    """The work needs an optional extra that is not installed."""

    status, exit_code, code = 501, 2, "missing_extra"


class Cancelled(WaferwatchError):  # noqa: N818 - a wish that was granted, not an error
    """The work was stopped because somebody asked for it."""

    status, exit_code, code = 409, 2, "cancelled"
