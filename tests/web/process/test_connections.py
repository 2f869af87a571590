"""Clients that keep silent are given up, and keep nobody else out."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from tests.server_process import ServerProcess
from tests.web.process.impatient import make_impatient
from waferwatch.web.process import connections

_PATIENCE_S = 120.0  # for a machine with other work; never what is measured
_QUICK_S = 2.0  # every time limit of the impatient server
_PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="half.csv"\r\n\r\na,b\n1,2\n'
_UPLOAD = b"POST /datasets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"


class ImpatientServer:
    """A server process with time limits and a file limit of its own."""

    def __init__(self, folder: Path, files: int, seconds: float) -> None:
        self.datasets = folder / "data" / "datasets"
        self._process = ServerProcess(folder / "data", folder / "log", partial(make_impatient, files, seconds))
        self.port, self.stop = self._process.port, self._process.kill
        self._process.start()

    def alive(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=_PATIENCE_S).status_code == 200

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_S)

    def other_ends(self) -> list[int]:
        """Ports of the clients that are connected."""
        found = psutil.Process(self._process.pid).net_connections("tcp")
        return [one.raddr.port for one in found if one.status == psutil.CONN_ESTABLISHED]

    @property
    def log(self) -> str:
        return self._process.log


def until(happens: Callable[[], bool], server: ImpatientServer) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not happens():
        assert time.monotonic() < end, f"it did not happen:\n{server.log[-3000:]}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImpatientServer]:
    """A server that gives up after seconds."""
    server = ImpatientServer(tmp_path_factory.mktemp("impatient"), 0, _QUICK_S)
    yield server
    server.stop()


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process holds the other ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("needs 2,048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def ended(line: socket.socket) -> bool:
    """Whether the server has hung up; what it sent before is thrown away."""
    line.settimeout(0.01)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(("files", "lines"), [(1024, 1100), (96, 300)])
def test_silent_connections_keep_nobody_out_and_fill_no_log(tmp_path: Path, files: int, lines: int) -> None:
    """The time limits are far away: only the bound on connections helps."""
    server = ImpatientServer(tmp_path, files, 3000)
    with contextlib.ExitStack() as held:
        held.callback(server.stop)
        for _ in range(lines):
            line = held.enter_context(server.connect())
            with contextlib.suppress(OSError):  # the oldest are hung up on
                line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half:")
        for _ in range(5):
            assert server.alive()
        assert len(server.other_ends()) < files
    assert len(server.log) < 100_000
    assert "Traceback" not in server.log


def test_a_head_that_never_ends_is_given_up_however_slowly_it_drips(impatient: ImpatientServer) -> None:
    with impatient.connect() as silent, impatient.connect() as dripping:
        dripping.sendall(b"GET / HTTP/1.1\r\n")

        def both_ended() -> bool:
            with contextlib.suppress(OSError):
                dripping.sendall(b"X")
            return ended(silent) and ended(dripping)

        until(both_ended, impatient)
    assert impatient.alive()


def test_a_second_head_on_a_kept_connection_is_given_up_too(impatient: ImpatientServer) -> None:
    with impatient.connect() as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        until(lambda: ended(line), impatient)


def test_uploads_that_stop_in_the_middle_are_given_up_and_leave_nothing(impatient: ImpatientServer) -> None:
    with contextlib.ExitStack() as held:
        lines = [held.enter_context(impatient.connect()) for _ in range(60)]
        for line in lines:
            line.sendall(_UPLOAD + b"Content-Length: 100000\r\n\r\n" + _PART)
        until(lambda: all(ended(line) for line in lines), impatient)
        until(lambda: not list(impatient.datasets.glob(".*")), impatient)
    assert "Traceback" not in impatient.log
    assert impatient.alive()


def test_an_upload_that_is_slow_but_goes_on_is_kept(impatient: ImpatientServer) -> None:
    body = _PART + b"3,4\n" * 20 + b"\r\n--x--\r\n"
    with impatient.connect() as line:
        line.sendall(_UPLOAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
        pieces = 20
        for at in range(pieces):  # four seconds together, more than any of the limits
            line.sendall(body[len(body) * at // pieces : len(body) * (at + 1) // pieces])
            time.sleep(2 * _QUICK_S / pieces)
        assert line.recv(65536).startswith(b"HTTP/1.1 201")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_work_that_takes_longer_than_the_limits_is_answered(impatient: ImpatientServer, method: str) -> None:
    address = f"http://127.0.0.1:{impatient.port}/slow"
    assert httpx.request(method, address, content=b"{}", timeout=_PATIENCE_S).text == "done"


def test_a_client_that_stops_reading_is_given_up(impatient: ImpatientServer) -> None:
    page = httpx.get(f"http://127.0.0.1:{impatient.port}/problems/check", timeout=_PATIENCE_S).text
    address = next(part for part in page.split('"') if part.startswith("/static/") and "plotly" in part)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", impatient.port))
        line.sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        own = line.getsockname()[1]
        until(lambda: own not in impatient.other_ends(), impatient)


def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one() -> None:
    script = (
        "import resource; from waferwatch.web.process.file_limit import open_files, raise_file_limit\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512)); raise_file_limit(); print(open_files())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "512"


@pytest.mark.parametrize(("files", "most"), [(64, 16), (1024, 384), (4096, 1920), (10**6, 4096)])
def test_every_connection_may_have_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, files: int, most: int) -> None:
    monkeypatch.setattr(connections, "open_files", lambda: files)
    assert connections.most_connections() == most
