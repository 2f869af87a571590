"""What is said of the options of a question wherever they can be given, and the numbers that they take.

The command line, the description of the API and the forms are made from it. Nothing heavy is imported here, since every
command needs it for its help.
"""

from __future__ import annotations

from dataclasses import dataclass

DETECTOR = "moment"  # where none is named
MOST_CONTAMINATION = 0.5
LEAST_ALARMS, MOST_ALARMS = 0.001, 100_000.0  # per equipment and week: one in 19 years, one in six seconds


@dataclass(frozen=True)
class OptionRule:
    """One option."""

    short: str  # on the command line
    full: str  # in the description of the API
    sign: str = "NAME"  # what stands for its value in the usage of a command
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None


OPTION_RULES = {  # of every field of scoring.question.Question
    "detector": OptionRule(f"default: {DETECTOR}", "Name of a detector."),
    "checkpoint": OptionRule(
        "an imported MOMENT checkpoint; default: the embedded one",
        "Name of an imported checkpoint; left out: the embedded one.",
    ),
    "threshold": OptionRule(
        "auto, or a score such as 3; default: auto",
        "`auto`: found from the scores of normal rows that were left out of learning; or a number as the scores are: "
        "1 is as high as one normal row in ten reaches, 2 one in a hundred, 3 one in a thousand. Give one of "
        "`threshold`, `contamination` and `false_alarms` at most.",
        sign="N",
    ),
    "contamination": OptionRule(
        "instead: expected share of anomalies",
        f"Instead of the automatic threshold: expected share of anomalous rows, above 0, at most {MOST_CONTAMINATION}.",
        sign="F",
        above=0,
        at_most=MOST_CONTAMINATION,
    ),
    "false_alarms": OptionRule(
        "instead: at most N false events per equipment and week",
        "Instead of the automatic threshold: at most this many false events per equipment and week. Needs a time "
        "column with dates. Where the normal rows cannot carry the number, the automatic threshold is used and "
        "`promise.kept` is false.",
        sign="N",
        at_least=LEAST_ALARMS,
        at_most=MOST_ALARMS,
    ),
    "reference_rows": OptionRule(
        "the first N rows of each group are normal",
        "How many rows of each series, the first in time order, are known to be normal.",
        sign="N",
        at_least=1,
        at_most=2**31,
    ),
}
