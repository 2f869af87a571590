"""The actions of a command, such as ``list`` of ``waferwatch monitors``, and what every command prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from waferwatch.commands.options import data_options, monitor_options
from waferwatch.errors import InputError


def add_action(actions: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """An action on the data folder, with ``--data-dir`` and ``--json``; its own options are for the caller to add."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    monitor_options.add_data_dir(parser)
    data_options.add_json(parser)
    parser.set_defaults(run=run)
    return parser


def say(text: str) -> None:
    """A line for people, on stderr: stdout holds nothing but the document of ``--json``."""
    print(text, file=sys.stderr, flush=True)


def print_json(document: Any, options: argparse.Namespace) -> None:
    """The document as stdout's last line, where it is asked for.

    Raises:
        InputError: stdout goes to a place that takes no more.
    """
    if not options.json:
        return
    try:
        print(json.dumps(document, ensure_ascii=False, allow_nan=False, default=str), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(
            "The result could not be written to stdout: {reason}.",
            hint="Free some space or choose another place.",
            reason=error.strerror or "the disk refused it",
        ) from error
