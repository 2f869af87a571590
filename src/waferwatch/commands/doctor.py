"""``waferwatch doctor``: is everything there that waferwatch needs? Each line that is not well says what to do."""

from __future__ import annotations

import argparse
import errno
import importlib.util
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from waferwatch.errors import WaferwatchError
from waferwatch.settings import Settings, read_settings

LEAST_FREE_GB = 2
_PARTS = ("numpy", "pandas", "pyarrow", "scikit-learn", "onnxruntime", "starlette", "sqlalchemy")
_INSTALL = "Install waferwatch again, for example with ./uv_run.sh."


@dataclass(frozen=True)
class DoctorFinding:
    """One line of the report. What is well may have a remedy too: how to get more."""

    well: bool
    subject: str
    text: str
    remedy: str = ""


def add_doctor_parser(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="check the installation")
    parser.set_defaults(run=run_doctor)


def run_doctor(_options: argparse.Namespace) -> int:
    """Print every finding; exit code 2 when one is not well."""
    settings = read_settings()
    findings = [check(settings) for check in CHECKS]
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'FAIL'}  {finding.subject:<12} {finding.text}", file=sys.stderr)
        if finding.remedy:
            print(f"      {'':<12} {finding.remedy}", file=sys.stderr)
    return 0 if all(finding.well for finding in findings) else 2


def check_versions(_settings: Settings) -> DoctorFinding:
    try:
        parts = [f"{name} {version(name)}" for name in ("waferwatch", *_PARTS)]
    except PackageNotFoundError as error:
        return DoctorFinding(False, "versions", f"{error.name} is not installed", _INSTALL)
    return DoctorFinding(True, "versions", ", ".join([f"Python {platform.python_version()}", *parts]))


def check_checkpoint(_settings: Settings) -> DoctorFinding:
    from waferwatch.models.registry import create

    try:
        model = create("moment", device="cpu").info
    except WaferwatchError as error:
        return DoctorFinding(False, "checkpoint", error.message(), error.hint())
    return DoctorFinding(True, "checkpoint", f"{model.name}, sha256 {model.sha256}")


def check_device(settings: Settings) -> DoctorFinding:
    """Where MOMENT would run with these settings."""
    from waferwatch.models.registry import create

    try:
        model = create("moment", device=settings.device).info
    except WaferwatchError as error:
        remedy = error.hint() or "Set WAFERWATCH_DEVICE to cpu."
        return DoctorFinding(False, "device", f"{settings.device}: {error.message()}", remedy)
    more = "" if importlib.util.find_spec("torch") else "For a GPU and official checkpoints: ./uv_run.sh add-torch"
    return DoctorFinding(True, "device", model.device, more)


def check_data_folder(settings: Settings) -> DoctorFinding:
    folder, remedy = settings.data_dir, "Set WAFERWATCH_DATA_DIR to a folder that you may write to."
    place = _nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):  # rights alone do not tell of a read-only file system or a full disk
            pass
    except OSError as error:
        return DoctorFinding(False, "data folder", f"{folder}: {error.strerror}", remedy)
    return DoctorFinding(True, "data folder", f"{folder}{'' if place == folder else ' (made at the first start)'}")


def check_disk(settings: Settings) -> DoctorFinding:
    free = shutil.disk_usage(_nearest_existing(settings.data_dir)).free / 1e9
    remedy = f"Free at least {LEAST_FREE_GB} GB, or set WAFERWATCH_DATA_DIR to a larger disk."
    enough = free >= LEAST_FREE_GB
    return DoctorFinding(enough, "free disk", f"{free:.1f} GB", "" if enough else remedy)


def check_database(settings: Settings) -> DoctorFinding:
    """Connects, and brings the tables to this version as a start would; makes no SQLite file that is not there."""
    from waferwatch.store.database.connection import Database

    own = not settings.database_url.get_secret_value()
    if own and not (settings.data_dir / "waferwatch.sqlite3").exists():
        return DoctorFinding(True, "database", "SQLite in the data folder (made at the first start)")
    try:
        database = Database(settings)
        try:
            database.migrate()
            name = database.engine.dialect.name
        finally:
            database.close()
    except WaferwatchError as error:
        return DoctorFinding(False, "database", error.message(), error.hint())
    except Exception as error:  # a driver's own; its text may hold the password
        remedy = (
            "Check WAFERWATCH_DATABASE_URL, and that its user may make tables. A broken SQLite file: bring back a copy."
        )
        return DoctorFinding(False, "database", f"cannot be used ({type(error).__name__})", remedy)
    return DoctorFinding(True, "database", f"{name}: connects, its tables are of this version")


def check_port(settings: Settings) -> DoctorFinding:
    place = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        if sys.platform != "win32":  # there it would find a taken port free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return DoctorFinding(False, "port", *_port_trouble(error, place))
    return DoctorFinding(True, "port", f"{place} is free")


def _port_trouble(error: OSError, place: str) -> tuple[str, str]:
    if error.errno == errno.EADDRINUSE:
        return f"{place} is taken", "Stop what uses it, or start with `waferwatch serve --port 5001`."
    if error.errno == errno.EACCES:
        return f"{place} may not be used by this user", "Choose a port above 1023 with WAFERWATCH_PORT."
    return f"{place}: this machine has no such address", "Set WAFERWATCH_HOST to 127.0.0.1, or 0.0.0.0 for the network."


def check_ray(_settings: Settings) -> DoctorFinding:
    """Whether backfills can run on Ray; without it they run in processes of this machine."""
    try:
        found = version("ray")
    except PackageNotFoundError:
        remedy = "Only for backfills on a cluster: pip install 'waferwatch[ray]'"
        return DoctorFinding(True, "ray", "not installed; backfills run in processes of this machine", remedy)
    return DoctorFinding(True, "ray", f"Ray {found}, for `waferwatch scale run --engine ray`")


def check_fonts(_settings: Settings) -> DoctorFinding:
    """Korean letters on this machine. Browsers elsewhere bring their own, so that a server without them is well."""
    if sys.platform in ("win32", "darwin"):
        return DoctorFinding(True, "fonts", "the system brings Korean ones")
    remedy = "Only for a browser on this machine, its prints and screenshots. On Debian: apt-get install fonts-nanum"
    try:
        listing = subprocess.run(["fc-list", ":lang=ko", "family"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return DoctorFinding(True, "fonts", "unknown, as fc-list is not there", remedy)
    families = sorted({line.split(",")[0].strip() for line in listing.stdout.splitlines() if line.strip()})
    if not families:
        return DoctorFinding(True, "fonts", "none with Korean letters on this machine", remedy)
    return DoctorFinding(True, "fonts", f"Korean: {', '.join(families[:3])}")


CHECKS: tuple[Callable[[Settings], DoctorFinding], ...] = (
    check_versions,
    check_checkpoint,
    check_device,
    check_data_folder,
    check_disk,
    check_database,
    check_port,
    check_ray,
    check_fonts,
)


def _nearest_existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
