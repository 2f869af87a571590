"""Why one of several detectors gave no result, kept so that it can be told in any language."""

from __future__ import annotations

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

    @classmethod
    def of(cls, error: WaferwatchError) -> Self:
        values = {
            name: value if isinstance(value, str | int | float) else str(value) for name, value in error.values.items()
        }
        return cls(error.code, error.message_template, error.hint_template, values)

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        """What went wrong and what to do about it."""
        return " ".join(translate(one).format(**self.values) for one in (self.message, self.hint) if one)


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
