"""`waferwatch watch` and `waferwatch replay`: rows of files as live rows, into a server or into this very process."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.monitor_options import opened_store
from waferwatch.errors import InputError
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.live.service import LiveService
    from waferwatch.live.sources.folder import FolderFile
    from waferwatch.live.sources.source import Taker
    from waferwatch.read.table import Table
    from waferwatch.store.store import Store

_SETTLED_S = 30.0  # for the last wafers of a replay to be judged


def add_watch_parser(commands: Any) -> None:
    """Add ``watch FOLDER``."""
    parser = commands.add_parser("watch", help="score the files that a tool drops into a folder, as they come")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    _add_target(parser)
    parser.add_argument("--pattern", default="*", metavar="P", help="only files of such names, as *.csv; default: all")
    parser.add_argument("--marker", default="", metavar=".EXT", help="a file is whole once FILE.EXT is there")
    parser.add_argument(
        "--settle", type=float, metavar="S", help="without --marker: unchanged for S seconds; default: 2"
    )
    parser.add_argument("--once", action="store_true", help="deal with the files that are there, and end")
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    data_options.add_json(parser)
    parser.set_defaults(run=run_watch)


def add_replay_parser(commands: Any) -> None:
    """Add ``replay FILE``."""
    parser = commands.add_parser("replay", help="a file or a data set as a live source, at any speed")
    parser.add_argument("data", metavar="FILE|DATASET", help="a file, the id of an uploaded data set, or demo")
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="times as fast; 0: as can be; default: 1")
    parser.add_argument(
        "--keep-times", action="store_true", help="the times of the file; default: its first row is now"
    )
    _add_target(parser)
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    recipe_options.add_recipe_option(parser)
    data_options.add_json(parser)
    parser.set_defaults(run=run_replay)


def add_maintenance_parser(commands: Any) -> None:
    """Add ``maintenance EQUIPMENT``."""
    parser = commands.add_parser("maintenance", help="mark a maintenance of live equipment on the server")
    parser.add_argument("equipment", metavar="EQUIPMENT")
    parser.add_argument("--ended", action="store_true", help="the one that is under way has ended")
    parser.add_argument("--note", default="", metavar="TEXT", help="what is done")
    parser.add_argument("--to", metavar="URL", help="the server; default: the one of this machine")
    monitor_options.add_data_dir(parser)
    data_options.add_json(parser)
    parser.set_defaults(run=run_maintenance)


def run_maintenance(options: argparse.Namespace) -> int:
    """On a server, since only it knows what comes."""
    from waferwatch.live.sources.remote import mark_maintenance

    settings = read_settings(data_dir=options.data_dir)
    url = options.to or f"http://127.0.0.1:{settings.port}"
    token = settings.token.get_secret_value()
    found = mark_maintenance(url, token, options.equipment, options.note, ended=options.ended)
    say(f"{options.equipment}: maintenance {'ended' if options.ended else 'began'}.")
    print_json(found, options)
    return 0


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--monitor", metavar="NAME", help="that scores the rows; default: the one that watches the source"
    )
    parser.add_argument("--source", metavar="NAME", help="name of the source; default: that of the folder or file")
    parser.add_argument(
        "--to",
        metavar="URL",
        help="a server that takes the rows; default: the one of this machine if it runs, else this process",
    )
    monitor_options.add_data_dir(parser)


def run_watch(options: argparse.Namespace) -> int:
    """Until it is interrupted."""
    from waferwatch.live.sources.folder import FolderOptions, FolderSource

    with _target(options, options.source or options.folder.resolve().name) as target:
        settle = {} if options.settle is None else {"settle_s": options.settle}
        about = FolderOptions(
            options.folder,
            target.source,
            options.pattern,
            options.marker,
            read=lambda path: recipe_options.read_file(options, path),
            **settle,
        )
        source = FolderSource(about, target.files, _say_file)
        say(f"Watching {options.folder} as the source {target.source}. Ctrl+C ends it.")
        if options.once:
            _once(source, target.taker, about.settle_s)
        else:
            source.start(target.taker)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(1)
            source.stop()
        target.settle()
        found = source.files()
    counts = {state: sum(one.state == state for one in found) for state in ("processed", "failed", "skipped")}
    say(", ".join(f"{count} {state}" for state, count in counts.items()))
    print_json({"source": target.source, **counts, "files": [vars(one) for one in found]}, options)
    return 0


def run_replay(options: argparse.Namespace) -> int:
    """Until the last row."""
    from waferwatch.live.sources.replay import ReplaySource

    name = options.source or f"replay-{Path(options.data).stem}"
    table = _table(options)
    with _target(options, name) as target:
        source = ReplaySource(table, target.source, speed=options.speed, keep_times=options.keep_times)
        say(f"Replaying {source.rows:,} rows as the source {target.source}.")
        source.start(target.taker)
        try:
            source.wait()
        except KeyboardInterrupt:
            source.stop()
        target.settle()
    say(f"{source.sent:,} of {source.rows:,} rows were accepted.")
    print_json({"source": target.source, "rows": source.sent, "verdicts": target.verdicts}, options)
    return 0


class _Target:
    """Where rows go, and what is said of them."""

    def __init__(self, source: str, taker: Taker, files: Any, live: LiveService | None) -> None:
        self.source = source
        self.taker = taker
        self.files = files  # where what became of files is kept
        self.verdicts: list[dict[str, Any]] = []
        self._live = live

    def settle(self) -> None:
        """Wait until the rows of this process are scored, and say which wafers are abnormal."""
        if self._live is None:
            return
        from waferwatch.live.verdicts import verdicts_of

        parts, until = self._live.parts, time.monotonic() + _SETTLED_S
        while (parts.waiting or parts.workers.busy) and time.monotonic() < until:
            time.sleep(0.1)
        self.verdicts = verdicts_of(parts.database, self.source)
        abnormal = [one for one in self.verdicts if one["abnormal"]]
        say(f"{len(abnormal)} of {len(self.verdicts)} wafers are abnormal" + (":" if abnormal else "."))
        for one in abnormal:
            say(f"  {one['equipment']} {one['lot'] or ''} {one['wafer'] or ''}: {one['reason']}")


@contextlib.contextmanager
def _target(options: argparse.Namespace, source: str) -> Iterator[_Target]:
    from waferwatch.live.alarms.service import live_with_alarms
    from waferwatch.live.database.connection import SENT, LiveDatabase
    from waferwatch.live.scoring.watched import Watch
    from waferwatch.live.service import FOLDER
    from waferwatch.live.sources.remote import RemoteTaker
    from waferwatch.web.html.language import Translator

    settings = read_settings(data_dir=options.data_dir)
    with opened_store(options.data_dir) as store:
        if options.monitor:
            _check(store, options.monitor, options.to)
        service, alarms = live_with_alarms(settings, store, Translator)
        live = None if options.to else _started(service)
        if live is None:
            url = options.to or f"http://127.0.0.1:{settings.port}"
            taker = RemoteTaker(url, settings.token.get_secret_value(), options.monitor)
            files = LiveDatabase(settings.data_dir / FOLDER / SENT)
            try:
                yield _Target(source, taker, files, None)
            finally:
                files.close()
            return
        try:
            alarms.start()
            if options.monitor:
                live.watch(Watch(source, "*", options.monitor))
            yield _Target(source, live.parts.log, live.parts.database, live)
        finally:
            alarms.stop()
            live.stop()


def _started(live: LiveService) -> LiveService | None:
    """None where another process takes the rows of this data folder: it is asked to take these too."""
    try:
        live.start()
    except InputError:
        return None
    return live


def _check(store: Store, monitor: str, to: str | None) -> None:
    if to is None:
        store.monitors.version(monitor)


def _once(source: Any, taker: Taker, settle_s: float) -> None:
    source.scan(taker)
    time.sleep(settle_s)
    source.scan(taker)


def _table(options: argparse.Namespace) -> Table:
    if Path(options.data).exists() or "." in options.data:
        return recipe_options.read_file(options, options.data)
    with opened_store(options.data_dir) as store:
        return store.datasets.table(options.data)


def _say_file(one: FolderFile) -> None:
    say(f"{one.name}: {one.state}, {one.rows:,} rows" if not one.reason else f"{one.name}: {one.state}: {one.reason}")
