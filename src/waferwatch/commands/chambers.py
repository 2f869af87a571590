"""``waferwatch match-chambers``: do chambers that run the same recipe give the same values?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.before_after import tolerance
from waferwatch.commands.options import data_options, monitor_options, recipe_options

if TYPE_CHECKING:
    from waferwatch.scoring.comparison.chambers import ChamberMatching

_MOST_LISTED = 20


def add_match_parser(commands: Any) -> None:
    """Add ``match-chambers FILE`` to the command line."""
    parser = commands.add_parser("match-chambers", help="compare the chambers that run the same recipes")
    parser.add_argument("file", metavar="FILE", help="CSV, Parquet, Excel and others; also in gzip")
    parser.add_argument("--against", metavar="NAME", help="the golden chamber; default: the median of all chambers")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N wafers of each chamber; default: all")
    parser.add_argument(
        "--spreads", type=float, default=1.0, metavar="N", help="the tolerance, in spreads between wafers; default: 1"
    )
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
    parser.set_defaults(run=run_match)


def run_match(options: argparse.Namespace) -> int:
    """Compare, list what differs, and write what was asked for."""
    from waferwatch.export.tables import check_table_file, save_tables
    from waferwatch.scoring.comparison.chambers import chamber_matching

    if options.output:
        check_table_file(options.output, "output")
    table = recipe_options.read_file(options, options.file)
    for note in table.notes:
        _say(f"Note: {note}")
    found = chamber_matching(
        table,
        against=options.against,
        last=options.last,
        spreads=options.spreads,
        tolerances=dict(options.tolerance),
    )
    if options.output:
        save_tables({"chambers": found.frame}, options.output, "output")
    _list(found)
    if options.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    return 0


def _list(found: ChamberMatching) -> None:
    _say(", ".join(f"{name}: {count}" for name, count in found.counts.items()))
    for recipe in found.alone:
        _say(f"{recipe}: run by one chamber only.")
    different = found.frame[found.frame["verdict"] == "different"]
    for row in different.head(_MOST_LISTED).to_dict("records"):
        place = " ".join(filter(None, (str(row["recipe"]), str(row["step"]))))
        size = f"{row['difference']:+.4g}" if row["because"] == "level" else f"spread x {row['spread_ratio']:.2g}"
        _say(f"  {row['equipment']}: {row['sensor']} {row['statistic']} in {place}: {size}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
