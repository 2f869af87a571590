"""``waferwatch before-after``: is the tool back after a maintenance?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options

if TYPE_CHECKING:
    from waferwatch.scoring.before_after import BeforeAfter

_MOST_TOLD = 20
_SENTENCES = {
    "back": "BACK: every indicator is back or has settled.",
    "settling": "SETTLING: some indicators still move towards their old level.",
    "not_known": "NOT KNOWN YET: more wafers are needed.",
    "out": "NOT BACK: some indicators are out of their limits.",
}


def add_before_after_parser(commands: Any) -> None:
    """Add ``before-after FILE --at TIME`` to the command line."""
    parser = commands.add_parser("before-after", help="compare the wafers before and after a maintenance")
    parser.add_argument("file", metavar="FILE", help="CSV, Parquet, Excel and others; also in gzip")
    parser.add_argument("--at", required=True, metavar="TIME", help="of the maintenance, as the clock of the data")
    parser.add_argument("--equipment", metavar="NAME", help="only this one; default: all")
    parser.add_argument(
        "--tolerance", type=tolerance, action="append", default=[], metavar="SENSOR=N",
        help="a difference of its mean that is harmless; may be repeated",
    )  # fmt: skip
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    monitor_options.add_data_dir(parser)
    parser.add_argument("--output", type=Path, metavar="OUT", help="write every indicator: .csv, .parquet or .xlsx")
    data_options.add_json(parser)
    parser.set_defaults(run=run_before_after)


def run_before_after(options: argparse.Namespace) -> int:
    """Compare, tell, and write what was asked for."""
    from waferwatch.export.tables import check_table_file, save_tables
    from waferwatch.scoring.before_after import compare_table

    if options.output:
        check_table_file(options.output, "output")
    table = recipe_options.read_file(options, options.file)
    for note in table.notes:
        _say(f"Note: {note}")
    found = compare_table(table, options.at, tolerances=dict(options.tolerance), equipment=options.equipment)
    if options.output:
        save_tables({"before_after": found.frame}, options.output, "output")
    _tell(found)
    if options.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    return 0


def _tell(found: BeforeAfter) -> None:
    _say(_SENTENCES[found.verdict])
    _say(", ".join(f"{name}: {count}" for name, count in found.counts.items() if count))
    for recipe in found.not_run:
        _say(f"{recipe}: not run since.")
    notable = found.frame[~found.frame["verdict"].isin(["back", "too_few"])]
    order = {"out": 0, "settling": 1, "settled": 2, "moved": 3}
    for row in sorted(notable.to_dict("records"), key=lambda one: order[str(one["verdict"])])[:_MOST_TOLD]:
        place = " ".join(filter(None, (str(row["equipment"]), str(row["step"]))))
        change = f"{row['before']:.4g} -> {row['after']:.4g}"
        _say(f"  {row['verdict']}: {row['sensor']} {row['statistic']} in {place}: {change}")


def tolerance(text: str) -> tuple[str, float]:
    """A sensor and a difference, as ``SENSOR=N``."""
    sensor, equals, value = text.rpartition("=")
    try:
        if sensor and equals:
            return sensor, float(value)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"write it like pressure=0.5, not {text!r}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
