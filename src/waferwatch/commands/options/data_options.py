"""Options that say what the columns of a file are and which rows are normal, and the reading of files by them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waferwatch.scoring.option_rules import OPTION_RULES

if TYPE_CHECKING:
    from waferwatch.read.recipe.options import ImportOptions

_LISTED = ("features", "time", "group", "no_value", "leave_out_rows")


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """``--features``, ``--time``, ``--group``, ``--role``, and how cells are read."""
    parser.add_argument("--features", type=names, metavar="A,B", help="sensor columns; default: found by content")
    parser.add_argument(
        "--time", action="append", metavar="COL", help="time column; may be repeated for a date and a time of day"
    )
    parser.add_argument("--group", type=names, metavar="COL,COL", help="columns that split the rows into series")
    parser.add_argument(
        "--role", type=_role, action="append", default=[], metavar="COL=ROLE", help="what a column is; may be repeated"
    )
    add_cell_options(parser)


def add_cell_options(parser: argparse.ArgumentParser) -> None:
    """``--no-value``, ``--bad-cells``, ``--day-first`` and its like, ``--time-zone`` and so on."""
    parser.add_argument(
        "--no-value",
        action="append",
        default=[],
        metavar="WORD",
        help="a word or number that stands for no value; may be repeated",
    )
    parser.add_argument(
        "--bad-cells",
        type=float,
        metavar="SHARE",
        help="share of a column's cells that may be no numbers; default: 0.05",
    )
    parser.add_argument("--keep-values", action="store_true", help="take numbers such as -9999 for measurements")
    order = parser.add_mutually_exclusive_group()
    for first in ("day-first", "month-first", "year-first"):
        order.add_argument(
            f"--{first}", dest="date_order", action="store_const", const=first, help=f"dates are written {first}"
        )
    parser.add_argument("--time-zone", metavar="ZONE", help="of the times, such as Asia/Seoul or UTC+09:00")
    parser.add_argument(
        "--leave-out-rows",
        type=_value,
        action="append",
        default=[],
        metavar="COL=VALUE",
        help="do not judge rows with this value, such as state=PM; may be repeated",
    )


def add_form_options(parser: argparse.ArgumentParser) -> None:
    """``--encoding``, ``--delimiter``, ``--header-line``, ``--units-line``, ``--shape`` and ``--sheet``."""
    parser.add_argument("--encoding", metavar="NAME", help="such as cp949 or cp1252; default: found by content")
    parser.add_argument("--delimiter", metavar="NAME", help="comma, semicolon, tab, bar or blanks; default: found")
    parser.add_argument("--header-line", type=int, metavar="N", help="line of FILE with the names; 0: there is none")
    parser.add_argument("--units-line", type=int, metavar="N", help="line of FILE with the units")
    parser.add_argument("--shape", metavar="NAME", help="wide, long, clock-per-sensor, run-per-row or transposed")
    parser.add_argument("--sheet", metavar="NAME", help="sheet of a workbook, or file of an archive")


def add_reference_rows(parser: Any) -> None:
    """``--reference-rows``."""
    _add_option(parser, "reference_rows", int)


def add_detector(parser: Any) -> None:
    """``--detector``, ``--checkpoint`` and ``--device``."""
    _add_option(parser, "detector", str)
    add_network(parser)


def add_network(parser: Any) -> None:
    """``--checkpoint`` and ``--device``."""
    _add_option(parser, "checkpoint", str)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], help="where MOMENT runs; default: auto")


def add_thresholds(parser: Any) -> None:
    """``--threshold``, ``--contamination`` and ``--false-alarms``, of which one may be given."""
    rule = parser.add_mutually_exclusive_group()
    _add_option(rule, "threshold", _threshold)
    _add_option(rule, "contamination", float)
    _add_option(rule, "false_alarms", float)


def _add_option(parser: Any, name: str, kind: Callable[[str], Any]) -> None:
    """An option of a question; its value is checked by the question itself."""
    rule = OPTION_RULES[name]
    parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=rule.sign, help=rule.short)


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def import_options(options: argparse.Namespace) -> ImportOptions:
    """What the options say of how the file is read.

    Raises:
        InputError, NotFoundError: for an encoding, delimiter, shape, share, zone or role that cannot be.
    """
    from waferwatch.read.recipe.options import FORM_FIELDS, ImportOptions

    listed: dict[str, Any] = {name: tuple(getattr(options, name, None) or ()) or None for name in _LISTED}
    return ImportOptions(
        **{name: getattr(options, name) for name in (*FORM_FIELDS, "bad_cells", "date_order", "time_zone")},
        **listed,
        label=getattr(options, "label", None),
        roles=dict(getattr(options, "role", ())),
        keep_values=options.keep_values or None,
    )


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


def _value(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not (column and equals and value):
        raise argparse.ArgumentTypeError(f"write it like state=PM, not {text!r}")
    return column, value
