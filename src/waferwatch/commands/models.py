"""``waferwatch models``: the checkpoints on this machine, what is known of one, and how another is had."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.errors import ModelError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint

if TYPE_CHECKING:
    from waferwatch.models.moment.checkpoints.tuned import Tuned


def add_models_parser(subparsers: Any) -> None:
    """Add ``models list | info NAME | import ID_OR_FOLDER | tune NAME FILE`` to the command line."""
    parser = subparsers.add_parser("models", help="list, show, import and tune MOMENT checkpoints")
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
    _add_tune(actions)


def _add_tune(actions: Any) -> None:
    tuning = actions.add_parser("tune", help="train a checkpoint further on known-normal rows (extra: torch)")
    tuning.add_argument("new_name", metavar="NAME", help="what to call the new checkpoint")
    tuning.add_argument("files", metavar="FILE", nargs="+", help="known-normal rows: CSV (also .gz) or Parquet")
    tuning.add_argument("--from", dest="start", metavar="OTHER", help="checkpoint to begin with; default: the embedded")
    tuning.add_argument("--minutes", type=float, default=5.0, metavar="M", help="at most so long; default: 5")
    tuning.add_argument("--seed", type=int, default=0, metavar="N", help="of the windows drawn; default: 0")
    tuning.add_argument("--replace", action="store_true", help="replace an imported checkpoint of the same name")
    data_options.add_column_options(tuning)
    data_options.add_form_options(tuning)
    recipe_options.add_recipe_option(tuning)
    monitor_options.add_data_dir(tuning)
    data_options.add_reference_rows(tuning)
    data_options.add_json(tuning)
    tuning.set_defaults(run=run_tune)


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
    from waferwatch.models.moment.checkpoints.hub import import_checkpoint

    made = import_checkpoint(options.source, name=options.name, replace=options.replace, report=say)
    say(f"Imported {made.name}: {made.parameters:,} parameters, sha256 {made.sha256}.")
    say(f"Use it with: waferwatch detect FILE --checkpoint {made.name}")
    return 0


def run_tune(options: argparse.Namespace) -> int:
    """Tune a checkpoint on known-normal rows. One that is not better is not kept: that is reported and no failure."""
    from waferwatch.models.moment.checkpoints.tuned import Wish, tune_checkpoint
    from waferwatch.scoring.reference import known_normal

    wish = Wish(options.new_name, options.start, options.minutes, options.seed, options.replace)
    scopes = []
    for file in options.files:
        table = recipe_options.read_file(options, file)
        scopes += known_normal(table, options.reference_rows)
    found = tune_checkpoint(wish, scopes, files=options.files, report=say)
    _say_tuned(found, wish.name)
    print_json(_tuned_document(found, wish.name), options)
    return 0


def _say_tuned(found: Tuned, name: str) -> None:
    course = found.course
    ended = "the time was over" if course.timed_out else "the error no longer fell"
    say(f"{course.steps:,} steps in {course.seconds:.0f} s, until {ended}.")
    say(f"Error of hidden patches: {course.error_before:.4f} before, {course.error_after:.4f} after.")
    if found.made is None:
        say(f"That is not at least 1 % lower, so {name} was not stored. Use {found.start.name} as it is.")
        return
    say(f"Stored {name}, sha256 {found.made.sha256}.")
    say(f"A lower error need not find more: compare it with {found.start.name} on your own data.")
    say(f"Use it with: waferwatch detect FILE --checkpoint {name}")


def _tuned_document(found: Tuned, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "stored": found.made is not None,
        "from": found.start.name,
        "sha256": None if found.made is None else found.made.sha256,
        "windows": found.course.windows,
        **asdict(found.course),
    }


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
