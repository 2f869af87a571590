"""``waferwatch alarms``: what is done with alarms, on the data folder of the server, which sends what it brings."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.live.channels import add_channels_parser
from waferwatch.commands.options import data_options
from waferwatch.commands.options.actions import add_action, print_json, say
from waferwatch.commands.options.monitor_options import user
from waferwatch.errors import InputError
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.live.alarms.acts import Person
    from waferwatch.live.alarms.alarm import AlarmRecord
    from waferwatch.live.alarms.book import AlarmBook

Act = Callable[["AlarmBook", int, "Person"], "AlarmRecord"]
_OPEN = "active,acknowledged,shelved,suppressed"


def add_alarms_parser(commands: Any) -> None:
    """Add ``alarms list | show | acknowledge | shelve | close | ...`` to the command line."""
    parser = commands.add_parser("alarms", help="list, acknowledge, shelve and close alarms; channels for messages")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = add_action(actions, "list", "open alarms, the newest first", run_list)
    _add_filter(listing, _OPEN)
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="default: 100")
    show = add_action(actions, "show", "one alarm with its audit trail", run_show)
    show.add_argument("alarm", type=int, metavar="ID")
    _add_act(actions, "acknowledge", "say that somebody has seen it", run_acknowledge)
    shelve = _add_act(actions, "shelve", "take it from the list for some time", run_shelve)
    shelve.add_argument("--minutes", type=int, metavar="N", help="default: until it has ended")
    _add_act(actions, "unshelve", "bring it back to the list", run_unshelve)
    close = _add_act(actions, "close", "close it as a true alarm, a false one or an intended change", run_close)
    close.add_argument("verdict", choices=["true", "false", "intended_change"])
    _add_act(actions, "reopen", "take a closing back", run_reopen)
    export = add_action(actions, "export", "write alarms with their verdicts to a CSV file", run_export)
    export.add_argument("output", type=Path, metavar="OUT.csv")
    _add_filter(export, "")
    add_channels_parser(actions)


def _add_act(actions: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser = add_action(actions, name, text, run)
    parser.add_argument("alarm", type=int, metavar="ID")
    parser.add_argument("--note", default="", metavar="TEXT", help="what is to be said about it")
    return parser


def _add_filter(parser: argparse.ArgumentParser, states: str) -> None:
    default = f"default: {states}" if states else "default: all"
    parser.add_argument("--state", default=states, metavar="A,B", help=f"only these states; {default}")
    parser.add_argument("--equipment", type=data_options.names, default=[], metavar="A,B", help="only this equipment")


def run_list(options: argparse.Namespace) -> int:
    """A line for each alarm."""
    from waferwatch.live.alarms.search import counts_by_state, find_alarms
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.alarms.titles import alarm_document

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.reading() as connection:
        found = find_alarms(connection, _filter(options), max(options.limit, 1))
        counts = counts_by_state(connection)
    for one in found:
        say(_line(one))
    if not found:
        say("No alarm.")
    print_json({"alarms": [alarm_document(one) for one in found], "counts": counts}, options)
    return 0


def run_show(options: argparse.Namespace) -> int:
    """Everything about one alarm."""
    from waferwatch.live.alarms.search import changes_of, read_alarm
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.alarms.titles import alarm_document, change_document

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.reading() as connection:
        alarm, changes = read_alarm(connection, options.alarm), changes_of(connection, options.alarm)
    say(_line(alarm))
    for one in changes:
        note = f": {one.note}" if one.note else ""
        say(f"  {one.at[:19].replace('T', ' ')} UTC  {one.user}  {one.action.value}{note}")
    print_json(alarm_document(alarm) | {"audit": [change_document(one) for one in changes]}, options)
    return 0


def run_acknowledge(options: argparse.Namespace) -> int:
    """Say that somebody has seen it."""
    from waferwatch.live.alarms import acts

    return _done(options, acts.acknowledge)


def run_shelve(options: argparse.Namespace) -> int:
    """Take it from the list for some time."""
    from waferwatch.live.alarms import acts

    if options.minutes is not None and options.minutes < 1:
        raise InputError("An alarm is shelved for at least a minute.", hint="Choose a larger number.", field="minutes")
    minutes = options.minutes
    return _done(
        options,
        lambda book, number, who: acts.shelve(
            book, number, who, None if minutes is None else book.clock() + timedelta(minutes=minutes)
        ),
    )


def run_unshelve(options: argparse.Namespace) -> int:
    """Bring it back to the list."""
    from waferwatch.live.alarms import acts

    return _done(options, acts.unshelve)


def run_close(options: argparse.Namespace) -> int:
    """Close it with a verdict."""
    from waferwatch.live.alarms import acts

    return _done(options, lambda book, number, who: acts.close(book, number, who, options.verdict))


def run_reopen(options: argparse.Namespace) -> int:
    """Take a closing back."""
    from waferwatch.live.alarms import acts

    return _done(options, acts.reopen)


def run_export(options: argparse.Namespace) -> int:
    """Write alarms to a file."""
    from waferwatch.live.alarms.export import write_alarms_csv
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.scoring.output import check_output

    check_output(options.output)
    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, options.output.open("wb") as file:
        write_alarms_csv(alarms.desk, _filter(options), str, file)
    say(f"Wrote {options.output}.")
    print_json({"output": str(options.output)}, options)
    return 0


def _filter(options: argparse.Namespace) -> Any:
    from waferwatch.live.alarms.search import AlarmFilter, states_of

    return AlarmFilter(states_of(options.state), options.equipment)


def _done(options: argparse.Namespace, act: Act) -> int:
    from waferwatch.live.alarms.acts import Person
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.alarms.titles import alarm_document

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.changing() as book:
        alarm = act(book, options.alarm, Person(user(), options.note))
    say(_line(alarm))
    print_json(alarm_document(alarm), options)
    return 0


def _line(alarm: AlarmRecord) -> str:
    from waferwatch.live.alarms.titles import title_of

    verdict = f" ({alarm.verdict.replace('_', ' ')})" if alarm.verdict else ""
    wafers = f", wafers: {alarm.wafers}" if alarm.wafers else ""
    return (
        f"{alarm.id:>6}  {alarm.severity.value:<6} {alarm.state.value + verdict:<16} "
        f"{alarm.started[:19].replace('T', ' ')}  {title_of(alarm)}{wafers}"
    )
