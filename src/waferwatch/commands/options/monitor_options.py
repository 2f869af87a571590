"""Options of the commands on monitors, and the store that they use."""

from __future__ import annotations

import argparse
import contextlib
import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from waferwatch.commands.options import data_options
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.scoring.thresholds.threshold import Thresholds
    from waferwatch.store.store import Store


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """``--data-dir``."""
    parser.add_argument(
        "--data-dir", type=Path, metavar="FOLDER", help="data folder with the monitors; default: the one serve uses"
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Which rows of the files are golden."""
    parser.add_argument("--from", dest="start", metavar="TIME", help="only rows from this time on")
    parser.add_argument("--to", dest="end", metavar="TIME", help="only rows up to this time")
    parser.add_argument(
        "--equipment", type=data_options.names, metavar="A,B", help="only this equipment, which is then watched"
    )
    parser.add_argument("--lots", type=data_options.names, metavar="A,B", help="only these lots")
    parser.add_argument("--wafers", type=data_options.names, metavar="LOT/WAFER,...", help="only these wafers")
    parser.add_argument(
        "--leave-out", type=data_options.names, metavar="LOT/WAFER,LOT,...", help="not these wafers or lots"
    )


def thresholds(options: argparse.Namespace) -> Thresholds | None:
    """How the threshold is to be chosen; None where nothing is said of it."""
    from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds

    given = (options.threshold, options.contamination, options.false_alarms)
    if all(value is None for value in given):
        return None
    return Thresholds(AUTO if options.threshold is None else options.threshold, *given[1:])


@contextlib.contextmanager
def opened_store(data_dir: Path | None) -> Iterator[Store]:
    """The store that ``serve`` uses, or that of another data folder.

    Raises:
        InputError, StoreError: when it cannot be used.
    """
    from waferwatch.store.store import open_store

    store = open_store(read_settings(data_dir=data_dir))
    try:
        store.prepare()
        yield store
    finally:
        store.close()


def user() -> str:
    """Who runs the command, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return "local"
