"""One monitor for all tests of live data, and rows for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import waferwatch
from tests.live.fab import Heard, golden
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.writer import RowLog
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.settings import Settings, read_settings
from waferwatch.store.store import Store, open_store


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads look for work more often than in a fab: tests wait for them. What they do is the same."""
    live = "waferwatch.live"
    monkeypatch.setattr(f"{live}.scoring.workers.IDLE_S", 0.3)
    monkeypatch.setattr(f"{live}.scoring.workers.TICK_S", 0.05)
    monkeypatch.setattr(f"{live}.delivery.worker._PAUSE_S", 0.02)
    monkeypatch.setattr(f"{live}.delivery.worker._TICK_S", 0.05)
    monkeypatch.setattr(f"{live}.learning.from_rows._EVERY_S", 0.1)
    monkeypatch.setattr(f"{live}.silence._EVERY_S", 0.1)


@pytest.fixture(scope="session")
def learnt_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the monitor ``etch``."""
    folder = tmp_path_factory.mktemp("learnt")
    with waferwatch.MonitorLibrary(folder) as monitors:
        monitors.fit("etch", golden(), detector="statistical")
    return folder


@pytest.fixture
def settings(learnt_dir: Path, tmp_path: Path) -> Settings:
    shutil.copytree(learnt_dir, tmp_path / "data")
    return read_settings({}, data_dir=tmp_path / "data", live_pause_s=0.3)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LiveDatabase]:
    opened = LiveDatabase(tmp_path / "live.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def log(database: LiveDatabase) -> Iterator[RowLog]:
    made = RowLog(database)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def heard() -> Heard:
    """What the alarms would have got."""
    return Heard()


@pytest.fixture
def service(settings: Settings, store: Store, heard: Heard) -> Iterator[LiveService]:
    """Live monitoring of every source by ``etch``."""
    made = LiveService(settings, store, heard)
    made.start()
    made.watch(Watch("*", "*", "etch"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def model(learnt_dir: Path) -> waferwatch.Model:
    return waferwatch.load_monitor("etch", data_dir=learnt_dir)


Frames = Callable[[], pd.DataFrame]
