"""Options and files of wafers: verdicts, indicators, limits, problems."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from waferwatch.commands.options.actions import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waferwatch.indicators.hard_rules import TypedLimit
    from waferwatch.read.table import Table
    from waferwatch.scoring.result import Detection

_MOST_NAMED = 6  # wafers of a problem
_OUTPUTS = ("runs", "indicators", "problems", "save_limits")
_MOST_LISTED = 10


def add_wafer_options(parser: argparse.ArgumentParser) -> None:
    """``--runs``, ``--indicators``, ``--problems``, ``--save-limits`` and ``--limits``."""
    kinds = ".csv, .parquet or .xlsx"
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="OUT",
        help=f"write the verdicts of wafers: {kinds} (with sheets of problems, limits and rules)",
    )
    parser.add_argument("--indicators", type=Path, metavar="OUT", help=f"write the indicators of wafers: {kinds}")
    parser.add_argument("--problems", type=Path, metavar="OUT", help=f"write the problems: {kinds}")
    parser.add_argument("--save-limits", type=Path, metavar="OUT", help=f"write the learnt limits: {kinds}")
    parser.add_argument(
        "--limits", metavar="FILE", help="typed limits: a CSV file with the columns sensor, statistic, recipe, step, "
        "lower and upper"
    )  # fmt: skip


def check_outputs(options: argparse.Namespace) -> None:
    """
    Raises:
        InputError: a file could not be written.
    """
    from waferwatch.export.tables import check_table_file

    for name in _OUTPUTS:
        path = getattr(options, name)
        if path is not None:
            check_table_file(path, name)


def read_limits(path: str | None) -> list[TypedLimit]:
    """The limits that a person has typed; none without a file.

    Raises:
        InputError: the file cannot be read or used.
    """
    from waferwatch.indicators.hard_rules import typed_limits
    from waferwatch.read.files import read_original

    return [] if path is None else typed_limits(read_original(path))


def write_outputs(options: argparse.Namespace, table: Table, found: Detection) -> None:
    """Write every file that was asked for.

    Raises:
        InputError: a file cannot be written.
    """
    from waferwatch.export.tables import save_tables
    from waferwatch.export.wafers import wafer_tables

    if not any(getattr(options, name) for name in _OUTPUTS):
        return
    frames = wafer_tables(table, found)
    first = {"runs": "wafers", "indicators": "indicators", "problems": "problems", "save_limits": "limits"}
    for name in _OUTPUTS:
        path = getattr(options, name)
        if path is not None:
            # Indicators are many rows, which a workbook takes long to hold: they have a file of their own.
            sheets = [one for one in frames if one != "indicators"] if name == "runs" else [first[name]]
            wanted = {sheet: frames[sheet] for sheet in sheets}
            save_tables(wanted, path, name)


def say_problems(found: Detection) -> None:
    """What was found, in one sentence, and the worst problems with their wafers."""
    import numpy as np

    from waferwatch.indicators.problems.headline import headline
    from waferwatch.indicators.problems.problem import ProblemSeverity

    if len(found.scores) and np.isnan(found.scores).all() and not found.problems:
        say(f"None of the {len(found.scores):,} rows could be judged: more rows are needed to say what is normal.")
        return
    say(" ".join(str(note) for note in headline(found.problems, found.runs, len(found.scores))))
    for one in found.problems[:_MOST_LISTED]:
        say(f"  P-{one.number} {one.severity.value}: {one.title} ({one.why}){_named(one.wafers)}")
    left = found.problems[_MOST_LISTED:]
    if left:
        weak = sum(one.severity is ProblemSeverity.WEAK for one in left)
        said = f", {weak:,} of them weak" if 0 < weak < len(left) else ", weak ones" if weak else ""
        say(f"  and {len(left):,} more{said}; --problems OUT writes all of them")


def _named(names: Sequence[str]) -> str:
    if not names:
        return ""
    return ": " + ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
