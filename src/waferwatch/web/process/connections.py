"""How long a connection may keep the server waiting, and how many there may be."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from waferwatch.web.process.file_limit import open_files

HEAD_S = 15.0  # for a whole request head, from the first byte or the connection on
BODY_SILENCE_S = 30.0  # between two pieces of a body
READING_SILENCE_S = 120.0  # for a client that has stopped reading its answer
BACKLOG = 128  # connections that are taken at once, before any of them is counted
_OTHER_FILES = 128  # tables, results, database and libraries that the server has open
_MOST_CONNECTIONS = 4096


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that gives up clients which keep silent in the middle of a request, or stop reading.

    When the server has as many connections as it can hold, the one that has kept it waiting longest makes room for the
    newest, so that silent connections never keep anybody out.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.waits_since: float | None = None  # of the loop's clock; None while it is the server's turn

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            self._make_room()
        self._wait(HEAD_S)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is self:
            self._follow()
        else:  # it has become a web socket
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._stop_waiting()
        if self.conn.their_state is h11.IDLE:
            self.waits_since = self.loop.time()  # uvicorn ends it when nothing comes for some seconds
        else:
            self._follow()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READING_SILENCE_S, self.give_up)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """End the connection. Whoever reads its body learns that the client is gone."""
        self._stop_waiting()
        self.transport.abort()

    def _follow(self) -> None:
        """Whose turn it is after what came."""
        if self.transport.is_closing():
            self._stop_waiting()
        elif self.conn.their_state is h11.SEND_BODY:
            self._wait(BODY_SILENCE_S)
        elif self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._timer is None:  # more of a head does not put off its end
            self._wait(HEAD_S)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self.waits_since = self.loop.time()
        self._timer = self.loop.call_later(seconds, self._over)

    def _stop_waiting(self) -> None:
        self.waits_since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        if self.flow.read_paused:  # more of the body may be here; the server has not got to it
            self._wait(BODY_SILENCE_S)
        else:
            self.give_up()

    def _make_room(self) -> None:
        waiting = [one for one in self.connections if isinstance(one, PatientProtocol) and one.waits_since is not None]
        min(waiting, key=lambda one: one.waits_since or 0.0, default=self).give_up()


def most_connections() -> int:
    """Connections that the server can hold: each may have a file open as well, for an upload or a download."""
    files = open_files()
    return min(_MOST_CONNECTIONS, max((files - BACKLOG - _OTHER_FILES) // 2, files // 4))
