"""The web server around the application."""

from __future__ import annotations

import errno
import logging
import socket
import sys

import uvicorn
from starlette.applications import Starlette

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.jobs.options import Options
from waferwatch.settings import Settings
from waferwatch.store.datasets import DEMO
from waferwatch.web.access.access import Access
from waferwatch.web.app import create_app, prepare
from waferwatch.web.process.connections import BACKLOG, PatientProtocol
from waferwatch.web.process.file_limit import raise_file_limit
from waferwatch.web.process.logs import log_to_stderr
from waferwatch.web.shell.context import Parts

_GRACE_S = 5
# The longest that an answer waits for a thread that computes, at each of the many turns that it takes: with Python's
# 5 ms, twenty people were answered a third to a half less often (docs/pages.md).
_TURN_S = 0.001
_DEMO_GOLDEN = 2200  # rows of each chamber, 36 minutes: they hold no fault, and every recipe step
_DEMO_USER = "waferwatch"
_log = logging.getLogger("waferwatch.web")


class _Server(uvicorn.Server):
    """Ends running detections when it stops, instead of waiting for them.

    Not in the signal handler: that runs between any two instructions of the event loop, where nothing may wait. Their
    states are written when the application ends.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, Starlette):
            app.state.parts.jobs.stop()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until interrupted (Ctrl+C or SIGTERM). The address is printed on stderr.

    Raises:
        InputError: when the address cannot be listened on, with the remedy.
        StoreError: when the database or the data folder cannot be used, with the remedy.
    """
    log_to_stderr()
    raise_file_limit()
    sys.setswitchinterval(_TURN_S)
    with _listen(settings.host, settings.port) as listening:
        app = create_app(settings)
        prepare(app.state.parts)  # before uvicorn starts, which would answer a failure here with a traceback
        check_demo(app.state.parts)
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            backlog=BACKLOG,
            proxy_headers=False,  # the guard reads them itself, to know who is really connected
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        for line in _greeting(_address(settings.host, listening), app.state.parts.access):
            print(line, file=sys.stderr, flush=True)  # noqa: T201
        _Server(config).run(sockets=[listening])


def check_demo(parts: Parts) -> None:
    """Queue the check of the demo, so that its result is there when the first visitor comes; nothing if it is."""
    try:
        parts.jobs.submit("detection", Options(dataset=DEMO, reference_rows=_DEMO_GOLDEN), _DEMO_USER)
    except WaferwatchError as error:  # no reason not to serve: the page says that nothing is checked yet
        _log.warning("the demo is not checked: %s", error.message())


def _greeting(address: str, access: Access) -> list[str]:
    """Where the server is. A token made for this start is shown, for nobody knows it; one of the settings is not."""
    lines = [f"waferwatch runs at {address} (Ctrl+C ends it)"]
    if access.generated:
        lines += [f"Log in once with {address}/?token={access.token}", f"or with the token {access.token}"]
    elif access.needed:
        lines.append("Visitors log in with the token of WAFERWATCH_TOKEN.")
    return lines


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends at once (TCP_NODELAY); without it every answer waits 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let two servers share the port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _cannot_listen(error, host, port) from error
    return listening


def _cannot_listen(error: OSError, host: str, port: int) -> InputError:
    if error.errno == errno.EADDRINUSE:
        return InputError(
            "Port {port} is already in use.",
            hint="Another waferwatch may be running. Stop it, or choose another port with --port.",
            field="port",
            port=port,
        )
    if error.errno == errno.EACCES:
        return InputError(
            "Port {port} may not be used by this user.",
            hint="Choose a port above 1023 with --port.",
            field="port",
            port=port,
        )
    return InputError(
        "The server cannot listen on {host}: this machine has no such address.",
        hint="Use 127.0.0.1 for this machine alone, or 0.0.0.0 for the whole network.",
        field="host",
        host=host,
    )


def _address(host: str, listening: socket.socket) -> str:
    shown = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{listening.getsockname()[1]}"
