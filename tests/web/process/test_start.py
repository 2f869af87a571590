"""A server that cannot start says why in one sentence with its remedy, and gives exit code 2."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from waferwatch.cli import main
from waferwatch.errors import InputError
from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database
from waferwatch.web.server import _listen, serve

BAD_USAGE = 2


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def damaged(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    (folder / "waferwatch.sqlite3").write_bytes(b"noise " * 10_000)


def of_a_newer_version(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    database = Database(Settings(data_dir=folder))
    database.migrate()
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()


def read_only(_folder: Path, patch: pytest.MonkeyPatch) -> None:
    truly = os.access  # root may write everywhere but on a read-only disk
    patch.setattr(os, "access", lambda path, mode, **more: not mode & os.W_OK and truly(path, mode, **more))


def without_its_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("not a folder")
    patch.setenv("WAFERWATCH_DATA_DIR", str(folder / "file" / "data"))


def with_a_file_in_its_way(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    (folder / "datasets").write_text("not a folder")


def without_its_server(_folder: Path, patch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    patch.setenv("WAFERWATCH_DATABASE_URL", "postgresql://x@/x?host=/nowhere")


@pytest.mark.parametrize(
    ("trouble", "message", "remedy"),
    [
        (damaged, "The database waferwatch.sqlite3 is damaged", "restore a backup"),
        (of_a_newer_version, "made by another version", "Start the newest version"),
        (read_only, "cannot be written: it is read-only", "Give this user the right"),
        (without_its_folder, "cannot be written: Not a directory", "Give this user the right"),
        (with_a_file_in_its_way, "cannot be written: File exists", "Give this user the right"),
        (without_its_server, "The database cannot be reached", "Check that it runs"),
    ],
)
def test_a_start_that_fails_says_why(
    tmp_path: Path,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    trouble: Callable[[Path, pytest.MonkeyPatch], None],
    message: str,
    remedy: str,
) -> None:
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("WAFERWATCH_DATABASE_URL", raising=False)
    trouble(tmp_path, monkeypatch)
    assert main(["serve", "--port", str(port)]) == BAD_USAGE
    told = capfd.readouterr().err
    assert "Traceback" not in told
    (sentence,) = [line for line in told.splitlines() if line.startswith("waferwatch: ")]
    assert message in sentence
    assert remedy in sentence


def test_answers_leave_at_once_and_wait_for_no_acknowledgement() -> None:
    """Without TCP_NODELAY the body of each answer waits 40 ms until its headers were acknowledged."""

    async def connection() -> bool:
        accepted: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

        def took(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set_result(writer.get_extra_info("socket"))

        with _listen("127.0.0.1", 0) as listening:
            async with await asyncio.start_server(took, sock=listening):
                _, writer = await asyncio.open_connection(*listening.getsockname())
                sends_at_once = (await accepted).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                writer.close()
        return bool(sends_at_once)

    with ThreadPoolExecutor(1) as apart:  # the loop of a browser test may run in this thread
        assert apart.submit(asyncio.run, connection()).result()


def test_a_thread_that_computes_lets_answers_pass_within_a_millisecond(tmp_path: Path) -> None:
    """With Python's own 5 ms, twenty people got a third fewer answers during a comparison."""
    before = sys.getswitchinterval()
    try:
        with _listen("127.0.0.1", 0) as taken, pytest.raises(InputError):
            serve(Settings(data_dir=tmp_path, port=taken.getsockname()[1]))
        assert sys.getswitchinterval() == pytest.approx(0.001)
    finally:
        sys.setswitchinterval(before)
