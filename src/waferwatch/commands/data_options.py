"""Options that say what the columns of a file are and which rows are normal, and the reading of files by them."""

from __future__ import annotations

import argparse
from typing import Any

DETECTOR = "moment"  # where none is named


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """``--features``, ``--time``, ``--group`` and ``--role``."""
    parser.add_argument("--features", type=names, metavar="A,B", help="sensor columns; default: found by content")
    parser.add_argument("--time", metavar="COL", help="time column; default: found by name")
    parser.add_argument("--group", type=names, metavar="COL,COL", help="columns that part the rows into series")
    parser.add_argument(
        "--role", type=_role, action="append", default=[], metavar="COL=ROLE", help="what a column is; may be repeated"
    )


def add_reference_rows(parser: Any) -> None:
    """``--reference-rows``."""
    parser.add_argument("--reference-rows", type=int, metavar="N", help="the first N rows of each group are normal")


def add_detector(parser: Any) -> None:
    """``--detector``, ``--checkpoint`` and ``--device``."""
    parser.add_argument("--detector", metavar="NAME", help=f"default: {DETECTOR}")
    add_network(parser)


def add_network(parser: Any) -> None:
    """``--checkpoint`` and ``--device``."""
    parser.add_argument("--checkpoint", metavar="NAME", help="an imported MOMENT checkpoint; default: the embedded one")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], help="where MOMENT runs; default: auto")


def add_thresholds(parser: Any) -> None:
    """``--threshold``, ``--contamination`` and ``--false-alarms``, of which one may be given."""
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--threshold", type=_threshold, metavar="N", help="auto, or a score such as 3; default: auto")
    rule.add_argument("--contamination", type=float, metavar="F", help="instead: expected share of anomalies")
    rule.add_argument(
        "--false-alarms", type=float, metavar="N", help="instead: at most N false events per equipment and week"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def column_wishes(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the columns, as ``read_table`` takes it."""
    roles = dict(options.role)
    return {"features": options.features, "time": options.time, "group": options.group, "roles": roles}


def names(text: str) -> list[str]:
    """Names with commas between them."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("give at least one name")
    return found


def _threshold(text: str) -> float | str:
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give auto or a number such as 3, not {text!r}") from None


def _role(text: str) -> tuple[str, str]:
    column, equals, role = text.rpartition("=")
    if not (column and equals and role):
        raise argparse.ArgumentTypeError(f"write it like 호기=equipment, not {text!r}")
    return column, role
