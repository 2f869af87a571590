"""The options of a detection, once for everybody who asks for one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from waferwatch.scoring.option_rules import DETECTOR, OPTION_RULES
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds, ThresholdWish


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a detection is asked of a table. The library, the command line, the web API and the jobs all pass one on.

    Raises:
        InputError: for more than one way to a threshold, or a value that is none.
    """

    detector: str = DETECTOR  # one of ``detector_names()``
    checkpoint: str | None = None  # name of an imported checkpoint; None: the embedded one
    threshold: ThresholdWish = AUTO  # or a number as the scores are
    contamination: float | None = None  # instead: expected share of anomalous rows
    false_alarms: float | None = None  # instead: at most this many false events per equipment and week
    reference_rows: int | None = None  # how many first rows of each group, in time order, are known to be normal

    def __post_init__(self) -> None:
        _ = self.thresholds

    @cached_property
    def thresholds(self) -> Thresholds:
        """How the threshold is chosen."""
        return Thresholds(self.threshold, self.contamination, self.false_alarms)


def question_of(given: object) -> dict[str, Any]:
    """What an object (a checked body, parsed arguments) says of a question by attributes; left out where it is None."""
    wishes = {name: getattr(given, name, None) for name in OPTION_RULES}
    return {name: wish for name, wish in wishes.items() if wish is not None}
