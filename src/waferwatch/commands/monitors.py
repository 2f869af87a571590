"""``waferwatch monitors``: what is done with monitors, on the same store as the server."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import add_action, print_json, say
from waferwatch.commands.options.monitor_options import opened_store, user
from waferwatch.errors import InputError

if TYPE_CHECKING:
    from waferwatch.store.monitors.records import VersionRecord
    from waferwatch.store.store import Store


def add_monitors_parser(commands: Any) -> None:
    """Add ``monitors list | show | activate | rollback | rebase | ...`` to the command line."""
    parser = commands.add_parser("monitors", help="list, show, activate, rebase, export and import monitors")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    add_action(actions, "list", "the monitors", run_list)
    show = add_action(actions, "show", "what is known of a monitor and its versions", run_show)
    _name(show, "NAME[@VERSION]")
    activate = add_action(actions, "activate", "put a version in use", run_activate)
    _name(activate, "NAME@VERSION")
    rollback = add_action(actions, "rollback", "put the previous version in use again", run_rollback)
    _name(rollback, "NAME")
    _add_set(actions)
    _add_rebase(actions)
    widen = add_action(actions, "learn-false-alarms", "learn again, with false alarms as normal rows", run_learn_false)
    _name(widen, "NAME")
    _add_compare(actions)
    _add_files(actions)
    delete = add_action(actions, "delete", "delete a monitor with its versions", run_delete)
    _name(delete, "NAME")
    restore = add_action(actions, "restore", "bring back a monitor that was deleted a short time ago", run_restore)
    _name(restore, "NAME")


def add_golden_parser(commands: Any) -> None:
    """Add ``golden list | show`` to the command line."""
    parser = commands.add_parser("golden", help="list and show golden sets: what monitors learnt from")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    add_action(actions, "list", "the golden sets", run_golden_list)
    show = add_action(actions, "show", "where its rows come from, and what was left out", run_golden_show)
    _name(show, "NAME[@VERSION]")


def _name(parser: argparse.ArgumentParser, metavar: str) -> None:
    parser.add_argument("name", metavar=metavar)


def _add_set(actions: Any) -> None:
    parser = add_action(actions, "set", "change what sets the threshold, or the equipment watched", run_set)
    _name(parser, "NAME")
    data_options.add_thresholds(parser)
    parser.add_argument("--equipment", type=data_options.names, metavar="A,B", help="equipment watched, or all")


def _add_rebase(actions: Any) -> None:
    parser = add_action(actions, "rebase", "learn the level after a maintenance from good wafers", run_rebase)
    _name(parser, "NAME[@VERSION]")
    parser.add_argument("file", metavar="FILE", help="rows after the maintenance")
    data_options.add_cell_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    parser.add_argument("--since", metavar="TIME", help="end of the maintenance; default: all rows are after it")
    parser.add_argument(
        "--wafers", type=int, default=25, metavar="K", help="good wafers of each equipment; default: 25"
    )
    parser.add_argument(
        "--accept", type=data_options.names, default=[], metavar="A,B", help="sensors whose new level is taken anyway"
    )
    parser.add_argument(
        "--keep", type=data_options.names, default=[], metavar="A,B", help="sensors that stay at their level"
    )
    parser.add_argument("--activate", action="store_true", help="put the new version in use at once")


def _add_compare(actions: Any) -> None:
    parser = add_action(actions, "compare", "what two versions find in the same file", run_compare)
    _name(parser, "NAME")
    parser.add_argument("old", type=int, metavar="VERSION")
    parser.add_argument("new", type=int, metavar="VERSION")
    parser.add_argument("file", metavar="FILE")
    data_options.add_cell_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)


def _add_files(actions: Any) -> None:
    export = add_action(actions, "export", "write a version to one file", run_export)
    _name(export, "NAME[@VERSION]")
    export.add_argument("output", type=Path, metavar="OUT.waferwatch")
    importing = add_action(actions, "import", "read a version from a file that export wrote", run_import)
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--name", metavar="NAME", help="of the monitor; default: as it was exported")
    importing.add_argument("--activate", action="store_true", help="put it in use, if the monitor has versions already")


def run_list(options: argparse.Namespace) -> int:
    """A line for each monitor."""
    from waferwatch.commands.monitor_texts import monitor_line
    from waferwatch.store.monitors.documents import monitor_document

    with opened_store(options.data_dir) as store:
        found = store.monitors.all()
    for monitor in found:
        say(monitor_line(monitor))
    if not found:
        say("No monitor yet. Learn one with: waferwatch fit NAME FILE")
    print_json({"monitors": [monitor_document(one) for one in found]}, options)
    return 0


def run_show(options: argparse.Namespace) -> int:
    """Everything that is known of a monitor, or of one of its versions."""
    from waferwatch.commands.monitor_texts import version_lines
    from waferwatch.store.monitors.documents import monitor_document, version_document
    from waferwatch.store.monitors.monitors import version_of
    from waferwatch.store.monitors.names import split_title

    name, number = split_title(options.name)
    with opened_store(options.data_dir) as store:
        monitor = store.monitors.get(name)
    shown = monitor.versions if number is None else [version_of(monitor, number)]
    for version in shown:
        for line in version_lines(version, monitor):
            say(line)
    print_json(monitor_document(monitor) if number is None else version_document(shown[0], monitor), options)
    return 0


def run_golden_list(options: argparse.Namespace) -> int:
    """A line for each golden set."""
    from waferwatch.store.monitors.documents import golden_list

    with opened_store(options.data_dir) as store:
        found = golden_list(store.monitors.golden_sets())
    for one in found:
        wafers = "" if one["wafers"] is None else f", {one['wafers']:,} wafers"
        say(f"{one['name']} v{one['version']}: {one['rows']:,} rows{wafers}, used by {', '.join(one['used_by'])}")
    if not found:
        say("No golden set yet. One is kept with every monitor: waferwatch fit NAME FILE")
    print_json({"golden_sets": found}, options)
    return 0


def run_golden_show(options: argparse.Namespace) -> int:
    """Where the rows of a golden set come from, what was left out and why, and how much there is of each recipe."""
    from waferwatch.commands.monitor_texts import golden_lines
    from waferwatch.store.monitors.documents import golden_document
    from waferwatch.store.monitors.golden_sets import used_golden
    from waferwatch.store.monitors.names import split_title

    name, number = split_title(options.name)
    with opened_store(options.data_dir) as store:
        one = used_golden(store.monitors.golden_sets(), name, None if number is None else str(number))
    for line in [*golden_lines(one.golden), f"  Used by: {', '.join(one.used_by)}"]:
        say(line)
    print_json(golden_document(one.golden) | {"used_by": list(one.used_by)}, options)
    return 0


def run_activate(options: argparse.Namespace) -> int:
    """Put a version in use."""
    from waferwatch.store.monitors.names import split_title

    name, number = split_title(options.name)
    if number is None:
        raise InputError("No version is named.", hint="Write it like etch-poly@3.", field="name")
    return _changed(options, lambda store: store.monitors.activate(name, number, user()))


def run_rollback(options: argparse.Namespace) -> int:
    """Put the previous version in use again."""
    return _changed(options, lambda store: store.monitors.roll_back(options.name, user()))


def run_set(options: argparse.Namespace) -> int:
    """Change what sets the threshold, or the equipment watched."""
    from waferwatch.store.monitors.facts import policy_of

    wish = monitor_options.thresholds(options)
    if wish is None and options.equipment is None:
        raise InputError("Nothing is asked for.", hint="Give --threshold, --false-alarms or --equipment.", field="name")
    every = options.equipment == ["all"]
    return _changed(
        options,
        lambda store: store.monitors.change(
            options.name,
            user(),
            policy=None if wish is None else policy_of(wish),
            equipment=None if every else options.equipment,
            every_equipment=every,
        ),
    )


def run_restore(options: argparse.Namespace) -> int:
    """Bring back a monitor."""
    return _changed(options, lambda store: store.monitors.restore(options.name, user()))


def run_delete(options: argparse.Namespace) -> int:
    """Delete a monitor; for some time ``restore`` brings it back."""
    with opened_store(options.data_dir) as store:
        store.monitors.delete(options.name, user())
        minutes = store.settings.undo_minutes
    say(f"Deleted {options.name}. For {minutes} minutes: waferwatch monitors restore {options.name}")
    print_json({"deleted": options.name}, options)
    return 0


def run_rebase(options: argparse.Namespace) -> int:
    """Learn the level after a maintenance."""
    from waferwatch.commands.saved_models import table_for
    from waferwatch.jobs.monitors.rebasing import RebaseWish, rebase_version

    wish = RebaseWish(options.since, options.wafers, options.accept, options.keep, options.activate)
    with opened_store(options.data_dir) as store:
        model = store.monitors.model(store.monitors.version(options.name))
        made = rebase_version(store, options.name, table_for(model, options), wish, user())
        return _say_made(store, made, options)


def run_learn_false(options: argparse.Namespace) -> int:
    """Learn the false alarms of engineers' verdicts as normal."""
    from waferwatch.jobs.monitors.learning import widen_version
    from waferwatch.live.database.connection import LiveDatabase
    from waferwatch.live.learning.judged import live_verdicts
    from waferwatch.live.service import FILE, FOLDER

    with opened_store(options.data_dir) as store:
        path = store.settings.data_dir / FOLDER / FILE
        live = []
        if path.is_file():
            database = LiveDatabase(path)
            live = live_verdicts(database, store, options.name)
            database.close()
        return _say_made(store, widen_version(store, options.name, user(), live=live), options)


def run_compare(options: argparse.Namespace) -> int:
    """What two versions find in the same file."""
    from waferwatch.commands.saved_models import table_for
    from waferwatch.jobs.monitors.replaying import Sides, replay_versions

    with opened_store(options.data_dir) as store:
        model = store.monitors.model(store.monitors.version(f"{options.name}@{options.new}"))
        sides = Sides(options.old, options.new)
        found = replay_versions(store, options.name, sides, table_for(model, options))
    for number, side in ((options.old, found["old"]), (options.new, found["new"])):
        say(f"v{number}: {side['events']:,} events, {side['flagged']:,} of {found['rows']:,} rows flagged")
    say(
        f"In both: {found['both']:,} events; only v{options.old}: {len(found['only_old']):,}; "
        f"only v{options.new}: {len(found['only_new']):,}"
    )
    print_json(found, options)
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write a version to one file."""
    from waferwatch.jobs.monitors.transfer import export_version

    with opened_store(options.data_dir) as store:
        version = export_version(store, options.name, options.output)
    say(f"Wrote {version.title} to {options.output}.")
    print_json({"monitor": version.monitor, "version": version.number, "output": str(options.output)}, options)
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Read a version from a file."""
    from waferwatch.jobs.monitors.transfer import import_version

    with opened_store(options.data_dir) as store:
        made = import_version(store, options.file, user(), name=options.name, activate=options.activate)
        return _say_made(store, made, options)


def _changed(options: argparse.Namespace, act: Callable[[Store], Any]) -> int:
    from waferwatch.commands.monitor_texts import monitor_line
    from waferwatch.store.monitors.documents import monitor_document

    with opened_store(options.data_dir) as store:
        monitor = act(store)
    say(monitor_line(monitor))
    print_json(monitor_document(monitor), options)
    return 0


def _say_made(store: Store, made: VersionRecord, options: argparse.Namespace) -> int:
    from waferwatch.commands.monitor_texts import made_lines
    from waferwatch.store.monitors.documents import version_document

    monitor = store.monitors.get(made.monitor)
    for line in made_lines(made, monitor):
        say(line)
    print_json(version_document(made, monitor), options)
    return 0
