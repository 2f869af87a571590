"""``waferwatch fit``, which learns a monitor or saves a model in a folder, and detection by what was learnt."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.monitor_options import opened_store, user
from waferwatch.errors import InputError, TooLargeError
from waferwatch.scoring.option_rules import DETECTOR

if TYPE_CHECKING:
    from waferwatch.indicators.hard_rules import TypedLimit
    from waferwatch.read.table import Table
    from waferwatch.scoring.model import Model
    from waferwatch.scoring.result import Detection
    from waferwatch.scoring.thresholds.promise import Promise
    from waferwatch.scoring.thresholds.threshold import Thresholds


@dataclass(frozen=True)
class ScoredFile:
    """A file, what was found in it, and what the JSON document says more."""

    table: Table
    detection: Detection
    more: dict[str, Any] = field(default_factory=dict)


# What a model settles, so that it cannot be chosen again where one is used.
_SETTLED = ("features", "time", "group", "role", "detector", "checkpoint", "reference_rows", "reference")
# What only a monitor has, and what only a model in a folder has.
_OF_MONITORS = (
    "start",
    "end",
    "equipment",
    "lots",
    "wafers",
    "leave_out",
    "threshold",
    "contamination",
    "false_alarms",
    "activate",
)
_OF_BACKFILLS = ("monitor", "model", "threshold", "false_alarms", "recipe", "data_dir")  # that a backfill has as well
_FITS = {
    "yes": "Its normal fits these data.",
    "no": "Its normal no longer fits these data. After a maintenance: waferwatch monitors rebase NAME FILE",
    "unknown": "Whether its normal fits is not known yet: there are too few good wafers.",
}
_OF_FOLDERS = ("reference_rows", "replace")


def add_fit_parser(commands: Any) -> None:
    """Add ``fit NAME FILE...`` and ``fit --folder FOLDER FILE`` to the command line."""
    parser = commands.add_parser("fit", help="learn a monitor from files of normal rows")
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME FILE...",
        help="the monitor, and files of normal rows; the next version where NAME exists",
    )
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    parser.add_argument("--label", metavar="COL", help="column of known anomalies: their rows are left out")
    data_options.add_detector(parser)
    monitor_options.add_choice(parser)
    data_options.add_thresholds(parser)
    parser.add_argument("--activate", action="store_true", help="put a later version in use at once")
    monitor_options.add_data_dir(parser)
    folder = parser.add_argument_group("instead of a monitor")
    folder.add_argument("--folder", type=Path, metavar="FOLDER", help="save the model of one FILE in this folder")
    data_options.add_reference_rows(folder)
    folder.add_argument("--replace", action="store_true", help="replace the model that is in FOLDER")
    data_options.add_json(parser)
    parser.set_defaults(run=run_fit)


def run_fit(options: argparse.Namespace) -> int:
    """Learn, and keep what was learnt."""
    unfit = _OF_MONITORS if options.folder else _OF_FOLDERS
    for name in unfit:
        if getattr(options, name):
            raise InputError(
                "This is an option of monitors." if options.folder else "This is an option of --folder.",
                hint="Leave it out, or give NAME and FILE without --folder."
                if options.folder
                else "Leave it out; choose the normal rows with --from, --to, --lots or --wafers.",
                field=name,
            )
    return _fit_folder(options) if options.folder else _fit_monitor(options)


def _fit_monitor(options: argparse.Namespace) -> int:
    from waferwatch.jobs.monitors.learning import LearnWish, learn_version
    from waferwatch.monitors.golden.golden_set import GoldenChoice
    from waferwatch.store.monitors.facts import policy_of
    from waferwatch.store.monitors.names import check_monitor_name

    name, *files = options.names
    if not files:
        raise InputError("No file is named.", hint="Write it like: waferwatch fit etch-poly golden.csv", field="file")
    check_monitor_name(name)
    parts = ("equipment", "lots", "wafers", "leave_out")
    choice = GoldenChoice(options.start, options.end, *(tuple(getattr(options, part) or ()) for part in parts))
    thresholds = monitor_options.thresholds(options)
    wish = LearnWish(
        choice,
        options.detector or DETECTOR,
        options.checkpoint,
        options.device,
        None if thresholds is None else policy_of(thresholds),
        options.equipment,
        options.activate,
    )
    tables = [recipe_options.read_file(options, file) for file in files]
    with opened_store(options.data_dir) as store:
        made = learn_version(store, name, tables, wish, user())
        from waferwatch.commands.monitor_texts import made_lines
        from waferwatch.store.monitors.documents import version_document

        monitor = store.monitors.get(name)
        for line in made_lines(made, monitor):
            say(line)
        print_json(version_document(made, monitor), options)
    return 0


def _fit_folder(options: argparse.Namespace) -> int:
    from waferwatch.scoring.run import fit_table

    if len(options.names) != 1:
        raise InputError(
            "A model in a folder is learnt from one file.",
            hint="Name one file, or learn a monitor without --folder.",
            field="folder",
        )
    _check_folder(options.folder, options.replace)
    table = recipe_options.read_file(options, options.names[0])
    model = fit_table(
        table,
        detector=options.detector or DETECTOR,
        checkpoint=options.checkpoint,
        reference_rows=options.reference_rows,
        device=options.device,
    )
    for note in (*table.notes, *model.notes):
        say(f"Note: {note}")
    model.save(options.folder)
    document = _document(model, options.folder)
    _say_learnt(model, document)
    print_json(document, options)
    return 0


def detect_by_monitor(options: argparse.Namespace, wish: Thresholds, limits: Sequence[TypedLimit] = ()) -> ScoredFile:
    """Score a file by a version of a monitor, without learning.

    Args:
        wish: how the threshold is chosen; where it is automatic, by the policy of the monitor.
        limits: typed limits of indicators.

    Returns:
        What was found, with the version as NAME@NUMBER and whether its normal still fits.

    Raises:
        InputError, NotFoundError: an option is given that the model settles, the file lacks a column that the model
            needs, or there is no such monitor.
        ModelError, DamagedError: the model or its checkpoint cannot be used.
    """
    from waferwatch.jobs.monitors.detecting import detect_by, on_device
    from waferwatch.monitors.drift.check import drift

    _refuse_settled(options)
    with opened_store(options.data_dir) as store:
        version = store.monitors.version(options.monitor)
        monitor = store.monitors.get(version.monitor)
        model = on_device(store.monitors.model(version), options.device)
    table = table_for(model, options, options.label)
    found = detect_by(monitor, model, table, wish=wish, limits=limits)
    fits = drift(model, table, found)
    say(f"Monitor {version.title}. {_FITS[fits.fits.value]}")
    for note in fits.notes:
        say(f"Note: {note}")
    return ScoredFile(model.fits(table), found, {"monitor": version.title, "drift": fits.to_dict()})


def detect_by_model(options: argparse.Namespace, wish: Thresholds, limits: Sequence[TypedLimit] = ()) -> ScoredFile:
    """Score a file by a model that was saved in a folder, without learning.

    Raises:
        InputError: an option is given that the model settles, or the file lacks a column that the model needs.
        ModelError: there is no such model, or it is damaged.
    """
    from waferwatch.scoring.detecting.with_model import detect_with
    from waferwatch.scoring.model import load

    _refuse_settled(options)
    model = load(options.model)
    if options.device:
        model = replace(model, device=options.device)
    table = table_for(model, options, options.label)
    return ScoredFile(model.fits(table), detect_with(model, table, wish, limits=limits))


def table_for(model: Model, options: argparse.Namespace, label: str | None = None) -> Table:
    """The file of the options, read as the ones that a model was learnt from.

    Raises:
        InputError, NotFoundError: it cannot be read, or lacks a column that the model needs.
    """
    from waferwatch.read.frames import table_from_frame
    from waferwatch.read.recipe.reading import rows_by
    from waferwatch.scoring.sensors import check_sensors

    reading = recipe_options.reading_of(options, options.file)
    try:
        rows = rows_by(Path(options.file), reading)
    except TooLargeError as error:
        raise _in_pieces(error, options) from error
    there = {str(column) for column in rows.frame.columns}
    check_sensors(Path(options.file).name, there, model.features)
    return table_from_frame(
        rows.frame,
        name=Path(options.file).name,
        features=model.features,
        group=[name for name in model.groups if name in there] or None,
        label=label,
        roles={column: role for column, role in model.roles.items() if column in there and column != label},
        first_row=rows.first_row,
        notes=rows.notes,
        rules=reading.options.rules,
    )


def _in_pieces(error: TooLargeError, options: argparse.Namespace) -> TooLargeError:
    """The refusal of a file that is too large, with the command that scores it in pieces, where there is one."""
    if not str(options.file).lower().endswith((".parquet", ".pq")):
        return error
    given = {name: getattr(options, name, None) for name in _OF_BACKFILLS}
    words = [part for name, value in given.items() if value for part in (f"--{name.replace('_', '-')}", str(value))]
    return TooLargeError(
        error.message_template,
        hint="Score it in units of an equipment and a day: {plan}; then: waferwatch scale run FOLDER. Or split the "
        "file, or raise WAFERWATCH_MAX_TABLE_MB and WAFERWATCH_MAX_ROWS.",
        **error.values
        | {"plan": shlex.join(["waferwatch", "scale", "plan", str(options.file), *words, "--out", "FOLDER"])},
    )


def _refuse_settled(options: argparse.Namespace) -> None:
    for name in _SETTLED:
        if getattr(options, name):
            raise InputError(
                "This cannot be chosen for a saved model: it was settled when the model was learnt.",
                hint="Leave the option out, or learn another model.",
                field=name,
            )


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


def _say_learnt(model: Model, document: dict[str, Any]) -> None:
    from waferwatch.explain.threshold import threshold_notes

    say(f"Learnt with {model.name} ({model.info.name}) from {len(model.features)} sensors: {model.digest[:12]}.")
    for note in threshold_notes(model.fitted.threshold, "auto", _promise(model)):
        say(str(note))
    say(f"Use it with: waferwatch detect FILE --model {document['folder']}")
