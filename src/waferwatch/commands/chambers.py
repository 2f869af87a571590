"""``waferwatch match-chambers``: do chambers that run the same recipe give the same values?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options.actions import say
from waferwatch.commands.wafer_comparison import MOST_LISTED, add_comparison_options, run_comparison

if TYPE_CHECKING:
    from waferwatch.read.table import Table
    from waferwatch.scoring.comparison.chambers import ChamberMatching


def add_match_parser(commands: Any) -> None:
    """Add ``match-chambers FILE`` to the command line."""
    parser = commands.add_parser("match-chambers", help="compare the chambers that run the same recipes")
    parser.add_argument("file", metavar="FILE", help="CSV, Parquet, Excel and others; also in gzip")
    parser.add_argument("--against", metavar="NAME", help="the golden chamber; default: the median of all chambers")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N wafers of each chamber; default: all")
    parser.add_argument(
        "--spreads", type=float, default=1.0, metavar="N", help="the tolerance, in spreads between wafers; default: 1"
    )
    add_comparison_options(parser)
    parser.set_defaults(run=run_match)


def run_match(options: argparse.Namespace) -> int:
    """Compare, list what differs, and write what was asked for."""
    from waferwatch.scoring.comparison.chambers import chamber_matching

    def compare(table: Table) -> ChamberMatching:
        return chamber_matching(
            table,
            against=options.against,
            last=options.last,
            spreads=options.spreads,
            tolerances=dict(options.tolerance),
        )

    return run_comparison(options, "chambers", compare, _list)


def _list(found: ChamberMatching) -> None:
    say(", ".join(f"{name}: {count}" for name, count in found.counts.items()))
    for recipe in found.alone:
        say(f"{recipe}: run by one chamber only.")
    different = found.frame[found.frame["verdict"] == "different"]
    for row in different.head(MOST_LISTED).to_dict("records"):
        place = " ".join(filter(None, (str(row["recipe"]), str(row["step"]))))
        size = f"{row['difference']:+.4g}" if row["because"] == "level" else f"spread x {row['spread_ratio']:.2g}"
        say(f"  {row['equipment']}: {row['sensor']} {row['statistic']} in {place}: {size}")
