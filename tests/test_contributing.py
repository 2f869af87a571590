"""The changes that CONTRIBUTING.md shows can be made as they stand there, and do what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = (
    "src",
    "tests",
    "docs",
    "benchmarks",
    "pyproject.toml",
    "README.md",
    "README.ko.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)

ASKED = """
from importlib.metadata import version

def test_the_about_page_names_the_version(client):
    assert f"Version {version('waferwatch')} runs here." in client.get("/about").text
    assert f"현재 버전은 {version('waferwatch')}입니다." in client.get("/about", headers={"Accept-Language": "ko"}).text
    assert client.get("/about?lang=ko", follow_redirects=False).headers["location"] == "/about"
    client.cookies.clear()
"""

FORMAT_ASKED = """
import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError
from waferwatch.read.files import read_table
from waferwatch.read.formats.registry import NAMES, SUFFIXES
from waferwatch.read.table import Role


def test_an_arrow_file_is_read(tmp_path):
    frame = pd.DataFrame({"time": pd.date_range("2026-01-05", periods=50, freq="s"), "pressure": np.arange(50.0) % 7})
    frame.to_feather(tmp_path / "a.feather")
    table = read_table(tmp_path / "a.feather")
    assert table.columns(Role.SENSOR) == ["pressure"]
    assert table.frame["pressure"].tolist() == frame["pressure"].tolist()
    assert ".feather" in SUFFIXES
    assert "Feather" in NAMES


def test_a_broken_arrow_file_is_refused(tmp_path):
    (tmp_path / "a.feather").write_bytes(b"ARROW1" + bytes(100))
    with pytest.raises(InputError, match="cannot be read as an Arrow file"):
        read_table(tmp_path / "a.feather")
"""

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git applies the changes")


def change(heading: str) -> str:
    """The diff below a heading."""
    part = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (diff,) = re.findall(r"(?ms)^```diff\n(.*?)^```$", part)
    return str(diff)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with all four changes, which are for different places."""
    folder = tmp_path_factory.mktemp("changed")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for heading in ("Add a detector", "Add a page", "Add a format", "Add a source of live rows"):
        make(folder, change(heading))
    (folder / "tests/web/pages/test_about.py").write_text(ASKED, encoding="utf-8")
    (folder / "tests/read/formats/test_feather.py").write_text(FORMAT_ASKED, encoding="utf-8")
    return folder


def make(copy: Path, diff: str) -> None:
    """Apply a change wherever the lines around it stand now."""
    command = ["git", "apply", "--whitespace=error", "-"]
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(copy.parent)}
    done = subprocess.run(command, cwd=copy, input=diff, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, f"CONTRIBUTING.md shows a change that cannot be made any more:\n{done.stderr}"


@pytest.fixture(scope="module")
def passed(copy: Path) -> list[str]:
    """Names of the tests of the copy that pass, of those that look at a change; none may fail."""
    names = (
        "moving_range or about or arrow or appended or the_tree or imports_go or every_route_is_described"
        " or has_a_korean_translation or that_is_gone"
    )
    files = (
        "models/test_contract.py",
        "web/pages/test_about.py",
        "web/shell/test_description.py",
        "web/html/test_translations.py",
        "read/formats/test_feather.py",
        "live/test_sources.py",
        "test_docs.py",
        "test_layers.py",
    )
    command = [sys.executable, "-m", "pytest", "-rp", "-q", "-p", "no:cacheprovider", "-k", names]
    done = subprocess.run(
        command + [f"tests/{one}" for one in files],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "src")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"(?m)^PASSED (\S+)", done.stdout)


def count(passed: list[str], file: str, name: str = "") -> int:
    return sum(one.startswith(f"tests/{file}::") and name in one for one in passed)


def test_the_detector_that_is_shown_keeps_the_contract(passed: list[str]) -> None:
    assert count(passed, "models/test_contract.py", "moving_range") > 20


def test_the_page_that_is_shown_is_served_described_and_translated(passed: list[str]) -> None:
    assert count(passed, "web/pages/test_about.py") == 1
    assert count(passed, "web/shell/test_description.py", "every_route_is_described") == 1


def test_the_format_that_is_shown_is_read_named_and_translated(passed: list[str]) -> None:
    assert count(passed, "read/formats/test_feather.py") == 2


def test_the_source_that_is_shown_keeps_the_contract(passed: list[str]) -> None:
    assert count(passed, "live/test_sources.py", "appended") > 3


def test_what_all_of_them_add_is_translated_documented_and_in_its_layer(passed: list[str]) -> None:
    assert count(passed, "web/html/test_translations.py") >= 2
    assert count(passed, "test_docs.py", "the_tree") >= 1
    assert count(passed, "test_layers.py", "imports_go") >= 1
