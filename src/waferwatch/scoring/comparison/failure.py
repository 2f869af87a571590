"""Why a piece of work gave no result, kept as plain JSON types so that it can be shown later, in any language."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from waferwatch.errors import Cancelled, ModelError, WaferwatchError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """The sentence of an error and its remedy, as templates with what fills their places."""

    code: str
    message: str
    hint: str
    values: dict[str, str | int | float]
    status: int = 500  # of HTTP
    field: str | None = None

    @classmethod
    def of(cls, error: WaferwatchError) -> Self:
        values = {name: _plain(value) for name, value in error.values.items()}
        return cls(error.code, error.message_template, error.hint_template, values, error.status, error.field)

    def texts(self, translate: Callable[[str], str] = str) -> dict[str, str]:
        """Message, hint and code."""
        parts = {"message": self.message, "hint": self.hint}
        filled = {name: translate(part).format(**self.values) if part else "" for name, part in parts.items()}
        return filled | {"code": self.code}

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """What went wrong and what to do about it."""
        texts = self.texts(translate)
        return f"{texts['message']} {texts['hint']}".strip()


def _plain(value: object) -> str | int | float:
    """JSON knows no number that is not finite."""
    known = isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    return value if known else str(value)  # type: ignore[return-value]


def attempt(detector: str, work: Callable[[], Result]) -> Result | WaferwatchError:
    """The result of a detector's work, or the error that it failed with: the other detectors go on.

    Raises:
        Cancelled: that ends the work of all.
    """
    try:
        return work()
    except Cancelled:
        raise
    except WaferwatchError as error:
        return error
    except MemoryError:
        return ModelError(
            "The memory is too small for {detector} on these data.",
            hint="Choose fewer sensors or fewer rows, or leave this detector out.",
            detector=detector,
        )
