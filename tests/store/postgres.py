"""A private PostgreSQL server from Debian's package, for the time of the tests."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import psycopg

_BINARIES = Path("/usr/lib/postgresql")
_PATIENCE_S = 60.0


def newest_binaries() -> Path | None:
    """Where Debian keeps the programs of its newest PostgreSQL; None when it is not installed."""
    found = [folder / "bin" for folder in _BINARIES.glob("*") if (folder / "bin" / "initdb").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


class PostgresServer:
    """A server that listens on a socket in a folder of its own, with nothing kept safe: it is thrown away.

    PostgreSQL refuses to run as root, so that root starts it as Debian's user ``postgres``.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._as: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if _is_root() else {}
        self.folder = Path(tempfile.mkdtemp(prefix="waferwatch-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if _is_root():
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        made = [self._binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*made, "--no-sync"], check=True, capture_output=True, cwd=self.folder, **self._as)
        self.start()
        return self

    def start(self) -> None:
        """Start it, again too."""
        data, log = self.folder / "data", self.folder / "log"
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
        options = [part for setting in quick for part in ("-c", setting)]
        place = ["-D", data, "-k", self.folder, "-c", "listen_addresses="]
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", *place, *options], stderr=file, cwd=self.folder, **self._as
            )
        self._wait(log)

    def stop(self) -> None:
        """End it and every session at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_PATIENCE_S)

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str = "postgres") -> str:
        """As WAFERWATCH_DATABASE_URL takes it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Address of a fresh, empty database."""
        name = f"t{secrets.token_hex(6)}"
        self._execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def drop(self, address: str) -> None:
        name = address.partition("@/")[2].partition("?")[0]
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, command: str) -> None:
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(command)  # type: ignore[arg-type]

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            try:
                psycopg.connect(self.address(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise AssertionError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _is_root() -> bool:
    return os.geteuid() == 0
