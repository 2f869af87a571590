"""``waferwatch fit``, which saves a model, and detection by a saved one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands import data_options
from waferwatch.errors import InputError

if TYPE_CHECKING:
    from waferwatch.indicators.hard_rules import TypedLimit
    from waferwatch.read.table import Table
    from waferwatch.scoring.model import Model
    from waferwatch.scoring.result import Detection
    from waferwatch.scoring.thresholds.promise import Promise
    from waferwatch.scoring.thresholds.threshold import Thresholds

# What a model settles, so that it cannot be chosen again where one is used.
_SETTLED = ("features", "time", "group", "role", "detector", "checkpoint", "reference_rows", "reference")


def add_fit_parser(commands: Any) -> None:
    """Add ``fit FOLDER FILE`` to the command line."""
    parser = commands.add_parser("fit", help="learn from a file of normal rows, and save the model")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the model is saved; made when missing")
    parser.add_argument("file", metavar="FILE", help="normal rows: CSV (also .gz) or Parquet")
    data_options.add_column_options(parser)
    data_options.add_reference_rows(parser)
    parser.add_argument("--label", metavar="COL", help="column of known anomalies: it is no sensor")
    data_options.add_detector(parser)
    parser.add_argument("--replace", action="store_true", help="replace the model that is in FOLDER")
    data_options.add_json(parser)
    parser.set_defaults(run=run_fit)


def run_fit(options: argparse.Namespace) -> int:
    """Learn a model and save it."""
    from waferwatch.read.files import read_table
    from waferwatch.scoring.run import fit_table

    _check_folder(options.folder, options.replace)
    table = read_table(options.file, label=options.label, **data_options.column_wishes(options))
    model = fit_table(
        table,
        detector=options.detector or data_options.DETECTOR,
        checkpoint=options.checkpoint,
        reference_rows=options.reference_rows,
        device=options.device,
    )
    for note in (*table.notes, *model.notes):
        _say(f"Note: {note}")
    model.save(options.folder)
    document = _document(model, options.folder)
    _tell(model, document)
    if options.json:
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))
    return 0


def detect_by_model(
    options: argparse.Namespace, wish: Thresholds, limits: Sequence[TypedLimit] = ()
) -> tuple[Table, Detection]:
    """Score a file by a saved model, without learning: the table as the model reads it, and what was found.

    Raises:
        InputError: an option is given that the model settles, or the file lacks a column that the model needs.
        ModelError: there is no such model, or it is damaged.
    """
    from waferwatch.read.files import read_rows
    from waferwatch.read.frames import table_from_frame
    from waferwatch.scoring.model import load
    from waferwatch.scoring.run import detect_with

    for name in _SETTLED:
        if getattr(options, name):
            raise InputError(
                "This cannot be chosen for a saved model: it was settled when the model was learnt.",
                hint="Leave the option out, or learn another model.",
                field=name,
            )
    model = load(options.model)
    if options.device:
        model = replace(model, device=options.device)
    rows = read_rows(options.file)
    there = {str(column) for column in rows.frame.columns}
    table = table_from_frame(
        rows.frame,
        name=Path(options.file).name,
        features=model.features,
        group=[name for name in model.groups if name in there] or None,
        label=options.label,
        roles={column: role for column, role in model.roles.items() if column in there and column != options.label},
        first_row=rows.first_row,
        notes=rows.notes,
    )
    return model.fits(table), detect_with(model, table, wish, limits=limits)


def _check_folder(folder: Path, may_replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError("{path} is not a folder.", hint="Name a folder for the model.", field="folder", path=folder)
    if not may_replace and (folder / "model.json").exists():
        raise InputError(
            "There is a model in {path} already.",
            hint="Name another folder, or give --replace.",
            field="folder",
            path=folder,
        )


def _document(model: Model, folder: Path) -> dict[str, Any]:
    promise = _promise(model)
    return {
        "folder": str(folder),
        "model_digest": model.digest,
        "detector": model.name,
        "model": model.info.name,
        "model_sha256": model.info.sha256,
        "features": list(model.features),
        "threshold": model.fitted.threshold,
        "promise": asdict(promise),
        "notes": [str(note) for note in model.notes],
    }


def _promise(model: Model) -> Promise:
    from waferwatch.scoring.thresholds.promise import promise_of

    return promise_of(model.fitted.alarms, model.fitted.threshold)


def _tell(model: Model, document: dict[str, Any]) -> None:
    from waferwatch.explain.threshold import threshold_notes

    _say(f"Learnt with {model.name} ({model.info.name}) from {len(model.features)} sensors: {model.digest[:12]}.")
    for note in threshold_notes(model.fitted.threshold, "auto", _promise(model)):
        _say(str(note))
    _say(f"Use it with: waferwatch detect FILE --model {document['folder']}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
