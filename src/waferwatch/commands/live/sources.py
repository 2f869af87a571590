"""`waferwatch sources`: what live rows are read from, and a tool to try it with."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import monitor_options
from waferwatch.commands.options.data_options import add_json
from waferwatch.commands.options.monitor_options import print_json, say
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.live.sources.buses.settings import AnySource

_LOOK_S = 0.2
_SENSORS = ("pressure_mTorr", "rf_forward_W", "rf_reflected_W", "dc_bias_V", "helium_pressure_Torr", "endpoint_au")


def add_sources_parser(commands: Any) -> None:
    """Add ``sources list|check|simulate``."""
    parser = commands.add_parser("sources", help="MQTT, Kafka and SECS/GEM as live sources")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the sources that the server starts, from live/sources.json")
    monitor_options.add_data_dir(listing)
    add_json(listing)
    listing.set_defaults(run=run_list)
    check = actions.add_parser("check", help="connect to one of them for a while and count rows; nothing is kept")
    check.add_argument("name", metavar="NAME")
    check.add_argument("--seconds", type=float, default=10.0, metavar="S", help="default: 10")
    monitor_options.add_data_dir(check)
    add_json(check)
    check.set_defaults(run=run_check)
    simulate = actions.add_parser("simulate", help="a simulated etch chamber that speaks SECS/GEM")
    simulate.add_argument("--port", type=int, default=5001, metavar="N", help="that it listens on; default: 5001")
    simulate.add_argument("--wafers", type=int, default=25, metavar="N", help="default: 25")
    simulate.add_argument("--speed", type=float, default=1.0, metavar="X", help="times as fast; default: 1")
    simulate.set_defaults(run=run_simulate)


def run_list(options: argparse.Namespace) -> int:
    """Print the sources without secrets."""
    from waferwatch.live.sources.buses.settings import read_sources, shown

    path = _file(options)
    found = read_sources(path)
    say(f"{len(found)} sources in {path}" + (":" if found else "; docs/live.md shows how it is written."))
    for one in found:
        say(f"  {one.name}: {one.kind}" + ("" if one.enabled else ", switched off"))
    print_json({"file": str(path), "sources": [shown(one) for one in found]}, options)
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Connect for some seconds."""
    from waferwatch.live.sources.buses.counting import CountingTaker
    from waferwatch.live.sources.buses.kinds import made

    source, taker = made(_apart(_named(options))), CountingTaker()
    source.start(taker)
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        time.sleep(_LOOK_S)
    state = source.report.state
    source.stop()
    say("connected" if state.connected else f"not connected: {state.problem or 'no answer'}")
    say(f"{taker.rows:,} rows of {len(taker.equipment)} equipment with {len(taker.sensors)} sensors")
    if state.refused:
        say(f"{state.refused:,} messages could not be read, the last one: {state.last_refused}")
    print_json(source.report.to_dict() | taker.to_dict(), options)
    return 0 if state.connected else 2


def run_simulate(options: argparse.Namespace) -> int:
    """Be a tool until every row was sent."""
    import waferwatch
    from waferwatch.live.sources.buses.secs.simulator import FIRST_SENSOR, ToolSimulator

    frame = waferwatch.generate(rows=options.wafers * 120, equipment=1)
    tool = ToolSimulator(frame, _SENSORS, options.port, options.speed)
    tool.start()
    numbers = ", ".join(f"{name} {FIRST_SENSOR + place}" for place, name in enumerate(_SENSORS))
    say(f"A simulated tool listens on 127.0.0.1:{options.port}. Its variables: {numbers}. Ctrl+C ends it.")
    try:
        while not tool.is_done:
            time.sleep(_LOOK_S)
    finally:
        tool.stop()
    return 0


def _apart(settings: AnySource) -> AnySource:
    """The same under another name for the broker, which gives the server's session to whoever has its name."""
    if settings.kind != "mqtt":
        return settings
    return settings.model_copy(update={"client_id": f"waferwatch-{settings.name}-check", "session_hours": 0.01})


def _named(options: argparse.Namespace) -> AnySource:
    from waferwatch.errors import NotFoundError
    from waferwatch.live.sources.buses.settings import read_sources

    found = read_sources(_file(options))
    one = next((one for one in found if one.name == options.name), None)
    if one is None:
        raise NotFoundError(
            "There is no source {name}.",
            hint="Sources: {known}.",
            field="name",
            name=options.name,
            known=", ".join(one.name for one in found) or "none",
        )
    return one


def _file(options: argparse.Namespace) -> Path:
    from waferwatch.live.service import FOLDER
    from waferwatch.live.sources.buses.settings import FILE

    return read_settings(data_dir=options.data_dir).data_dir / FOLDER / FILE
