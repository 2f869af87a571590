"""``waferwatch doctor``: is everything there that waferwatch needs? Each line that is not well says what to do."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from waferwatch.errors import WaferwatchError
from waferwatch.settings import Settings, read_settings

LEAST_FREE_GB = 2


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

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
        if not finding.well:
            print(f"      {'':<12} {finding.remedy}", file=sys.stderr)
    return 0 if all(finding.well for finding in findings) else 2


def check_versions(_settings: Settings) -> Finding:
    parts = ("waferwatch", "numpy", "pandas", "scikit-learn", "onnxruntime", "starlette")
    text = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in parts)])
    return Finding(sys.version_info >= (3, 11), "versions", text, "waferwatch needs Python 3.11 or newer.")


def check_checkpoint(_settings: Settings) -> Finding:
    from waferwatch.detectors.registry import create

    try:
        model = create("moment", device="cpu").model
    except WaferwatchError as error:
        return Finding(False, "checkpoint", error.message(), error.hint())
    return Finding(True, "checkpoint", f"{model.name}, sha256 {model.sha256}, runs on {model.device}")


def check_extras(_settings: Settings) -> Finding:
    found = "installed" if importlib.util.find_spec("torch") else "not installed (only needed to import checkpoints)"
    return Finding(True, "torch", found)


def check_data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    place = _nearest_existing(folder)
    remedy = "Set WAFERWATCH_DATA_DIR to a folder that you may write to."
    return Finding(os.access(place, os.W_OK), "data folder", str(folder), remedy)


def check_disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_nearest_existing(settings.data_dir)).free / 1e9
    remedy = f"Free at least {LEAST_FREE_GB} GB, or set WAFERWATCH_DATA_DIR to a larger disk."
    return Finding(free >= LEAST_FREE_GB, "free disk", f"{free:.1f} GB", remedy)


def check_port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            remedy = "Stop what uses it, or start with `waferwatch serve --port 5001`."
            return Finding(False, "port", f"{settings.host}:{settings.port} is taken", remedy)
    return Finding(True, "port", f"{settings.host}:{settings.port} is free")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    check_versions,
    check_checkpoint,
    check_extras,
    check_data_folder,
    check_disk,
    check_port,
)


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
