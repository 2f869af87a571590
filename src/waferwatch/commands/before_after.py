"""``waferwatch before-after``: is the tool back after a maintenance?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options.actions import say
from waferwatch.commands.wafer_comparison import MOST_LISTED, add_comparison_options, run_comparison

if TYPE_CHECKING:
    from waferwatch.read.table import Table
    from waferwatch.scoring.before_after import BeforeAfter

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
    add_comparison_options(parser)
    parser.set_defaults(run=run_before_after)


def run_before_after(options: argparse.Namespace) -> int:
    """Compare, list what is notable, and write what was asked for."""
    from waferwatch.scoring.before_after import compare_table

    def compare(table: Table) -> BeforeAfter:
        return compare_table(table, options.at, tolerances=dict(options.tolerance), equipment=options.equipment)

    return run_comparison(options, "before_after", compare, _show)


def _show(found: BeforeAfter) -> None:
    say(_SENTENCES[found.verdict])
    say(", ".join(f"{name}: {count}" for name, count in found.counts.items() if count))
    for recipe in found.not_run:
        say(f"{recipe}: not run since.")
    notable = found.frame[~found.frame["verdict"].isin(["back", "too_few"])]
    order = {"out": 0, "settling": 1, "settled": 2, "moved": 3}
    for row in sorted(notable.to_dict("records"), key=lambda one: order[str(one["verdict"])])[:MOST_LISTED]:
        place = " ".join(filter(None, (str(row["equipment"]), str(row["step"]))))
        change = f"{row['before']:.4g} -> {row['after']:.4g}"
        say(f"  {row['verdict']}: {row['sensor']} {row['statistic']} in {place}: {change}")
