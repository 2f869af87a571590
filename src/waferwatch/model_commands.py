"""``waferwatch models``: the checkpoints on this machine, what is known of one, and the import of another."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from waferwatch.detectors.moment import checkpoint as checkpoints
from waferwatch.detectors.moment.checkpoint import Checkpoint
from waferwatch.errors import ModelError


def add_models_parser(subparsers: Any) -> None:
    """Add ``models list | info NAME | import ID_OR_FOLDER`` to the command line."""
    parser = subparsers.add_parser("models", help="list, show and import MOMENT checkpoints")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the checkpoints on this machine")
    listing.set_defaults(run=run_list)
    info = actions.add_parser("info", help="what is known of one checkpoint")
    info.add_argument("name", metavar="NAME", nargs="?", help="default: the embedded one")
    info.set_defaults(run=run_info)
    importing = actions.add_parser("import", help="take a checkpoint from a model hub or a folder (extra: torch)")
    importing.add_argument("source", metavar="ID_OR_FOLDER", help="AutonLab/MOMENT-1-small, or a folder with its files")
    importing.add_argument("--name", metavar="NAME", help="what to call it; default: the last part of the id or folder")
    importing.add_argument("--replace", action="store_true", help="replace an imported checkpoint of the same name")
    importing.set_defaults(run=run_import)


def run_list(_options: argparse.Namespace) -> int:
    """Print a line for each checkpoint; a damaged one is listed with what is wrong with it."""
    print(f"{'name':<24} {'parameters':>11}  {'sha256':<12}  source")
    for folder in checkpoints.folders():
        try:
            found = checkpoints.read(folder)
        except ModelError as error:
            print(f"{folder.name:<24} {'damaged':>11}  {'-':<12}  {error.message()}")
            continue
        origin = "comes with waferwatch" if found.embedded else found.source
        print(f"{found.name:<24} {found.parameters:>11,}  {found.sha256[:12]}  {origin}")
    return 0


def run_info(options: argparse.Namespace) -> int:
    """Check the files of one checkpoint and print what its description says."""
    found = checkpoints.find(options.name)
    found.graph()
    if found.weights_sha256 is not None:
        found.weights()
    for label, value in _facts(found).items():
        print(f"{label:<12} {value}")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Import a checkpoint; says on stderr what is being done."""
    from waferwatch.detectors.moment.hub import import_checkpoint

    made = import_checkpoint(options.source, name=options.name, replace=options.replace, report=_tell)
    _tell(f"Imported {made.name}: {made.parameters:,} parameters, sha256 {made.sha256}.")
    _tell(f"Use it with: waferwatch detect FILE --checkpoint {made.name}")
    return 0


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _facts(found: Checkpoint) -> dict[str, Any]:
    files = sorted(path for path in Path(found.folder).iterdir() if path.is_file())
    return {
        "name": found.name,
        "source": "comes with waferwatch" if found.embedded else found.source,
        "folder": found.folder,
        "files": ", ".join(f"{path.name} {path.stat().st_size:,} bytes" for path in files),
        "sha256": f"{found.sha256} (checked)",
        "parameters": f"{found.parameters:,}",
        "config": json.dumps(found.config.to_dict()),
        "card": json.dumps(found.card, indent=1, ensure_ascii=False),
    }
