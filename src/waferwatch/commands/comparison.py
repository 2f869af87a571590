"""`waferwatch compare`: several detectors on one file, and whether MOMENT adds anything."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.outputs import check_apart

if TYPE_CHECKING:
    from waferwatch.scoring.comparison.compare import Comparison, ComparisonRow

_METRICS = ("precision", "recall", "f1", "auc_pr", "vus_pr", "events", "seconds")


def add_compare_parser(commands: Any, formats: str) -> None:
    """The command and its options."""
    parser = commands.add_parser("compare", help="run several detectors on a file and compare what they find")
    recipe_options.add_file_options(parser, formats)
    data_options.add_thresholds(parser)
    data_options.add_network(parser)
    parser.add_argument("--label", metavar="COL", help="column of known anomalies; without it faults are injected")
    parser.add_argument("--detectors", type=data_options.names, metavar="A,B", help="default: all that fit the file")
    parser.add_argument("--injected-faults", action="store_true", help="test with injected faults too")
    parser.add_argument("--output", type=Path, metavar="OUT", help="write the table: .csv, .parquet or .xlsx")
    parser.set_defaults(run=run_compare)


def run_compare(options: argparse.Namespace) -> int:
    """Compare, print the verdict and the table, and write what was asked for."""
    from waferwatch.export.comparison import comparison_tables
    from waferwatch.export.tables import check_table_file, save_tables
    from waferwatch.scoring.comparison.compare import ComparedRows, compare_detectors
    from waferwatch.scoring.question import Question, question_of

    check_apart(options)
    if options.output:
        check_table_file(options.output, "--output")
    table, reference = recipe_options.read_tables(options)
    asked = ComparedRows(table, Question(**question_of(options)), reference=reference, device=options.device)
    found = compare_detectors(asked, options.detectors, faults=True if options.injected_faults else None)
    _say_found(found)
    if options.output:
        save_tables(comparison_tables(found), options.output, "--output")
    print_json(_document(options, found), options)
    return 0


def _document(options: argparse.Namespace, found: Comparison) -> dict[str, Any]:
    from waferwatch.scoring.comparison.sentences import comparison_notes

    return {
        "file": options.file,
        "rows": [asdict(row) for row in found.rows],
        "verdict": asdict(found.verdict),
        "sentences": [str(note) for note in comparison_notes(found)],
        "pairs": [asdict(pair) for pair in found.pairs],
        "faults": [asdict(fault) for fault in found.labelled_faults],
    }


def _say_found(found: Comparison) -> None:
    from waferwatch.scoring.comparison.sentences import comparison_notes

    for note in comparison_notes(found):
        say(str(note))
    header = ("detector", "faults found", "false events", *_METRICS)
    lines = [header, *(_line(row) for row in found.rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    for line in lines:
        say("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    for row in found.rows:
        if row.failure is not None:
            say(f"{row.detector}: {row.failure.sentence()}")


def _line(row: ComparisonRow) -> tuple[str, ...]:
    figures = row.figures
    found = false = "-"
    if figures is not None and figures.found_low is not None and figures.found_high is not None:
        found = f"{figures.found} of {figures.faults} ({figures.found_low:.0%} to {figures.found_high:.0%})"
        watched = "" if figures.hours is None else f" in {figures.hours:.3g} h"
        false = f"{figures.false_events}{watched} ({figures.false_low:.1f} to {figures.false_high:.1f})"
    return (row.detector, found, false, *(_cell(getattr(row, name)) for name in _METRICS))


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
