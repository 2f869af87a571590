"""What `waferwatch before-after` and `waferwatch match-chambers` share: their options, and how they compare a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.outputs import check_apart

if TYPE_CHECKING:
    import pandas as pd

    from waferwatch.read.table import Table

MOST_LISTED = 20
Found = TypeVar("Found", bound="FoundComparison")


class FoundComparison(Protocol):
    """Indicators that were compared."""

    @property
    def frame(self) -> pd.DataFrame: ...

    def to_dict(self) -> dict[str, Any]: ...


def add_comparison_options(parser: argparse.ArgumentParser) -> None:
    """The tolerances, how the file is read, and where the indicators are written."""
    parser.add_argument(
        "--tolerance", type=_tolerance, action="append", default=[], metavar="SENSOR=N",
        help="a difference of its mean that is harmless; may be repeated",
    )  # fmt: skip
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    monitor_options.add_data_dir(parser)
    parser.add_argument("--output", type=Path, metavar="OUT", help="write every indicator: .csv, .parquet or .xlsx")
    data_options.add_json(parser)


def run_comparison(
    options: argparse.Namespace, sheet: str, compare: Callable[[Table], Found], show: Callable[[Found], None]
) -> int:
    """Compare, list what is notable, and write what was asked for."""
    from waferwatch.export.tables import check_table_file, save_tables

    check_apart(options)
    if options.output:
        check_table_file(options.output, "output")
    table = recipe_options.read_file(options, options.file)
    for note in table.notes:
        say(f"Note: {note}")
    found = compare(table)
    if options.output:
        save_tables({sheet: found.frame}, options.output, "output")
    show(found)
    print_json(found.to_dict(), options)
    return 0


def _tolerance(text: str) -> tuple[str, float]:
    """A sensor and a difference, as ``SENSOR=N``."""
    sensor, equals, value = text.rpartition("=")
    try:
        if sensor and equals:
            return sensor, float(value)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"write it like pressure=0.5, not {text!r}")
