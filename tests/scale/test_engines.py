"""Every engine gives the same bytes, and nothing else knows of any."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.scale.made import OnTheSpot, hashes, planned, rows_of, run, write_fleet
from tests.test_layers import FILES, found_imports, path_of
from waferwatch.errors import InputError, MissingExtraError
from waferwatch.scale.engines.local import LocalEngine
from waferwatch.scale.engines.ray import RayEngine
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.task import ScaleTask, TaskOutcome


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ScalePlan:
    folder = tmp_path_factory.mktemp("engines")
    write_fleet(folder / "in", [rows_of("E1", 3), rows_of("E2", 3, seed=1)])
    return planned(folder / "in", folder / "out")


@pytest.fixture(scope="module")
def expected(plan: ScalePlan) -> dict[str, str]:
    """What a plain loop writes."""
    return found_by(plan, OnTheSpot(), OnTheSpot())


def found_by(plan: ScalePlan, engine: object, closed: OnTheSpot | LocalEngine | RayEngine) -> dict[str, str]:
    """What an engine writes, file by file; the results are removed."""
    try:
        assert run(plan, engine).exit_code == 0
    finally:
        closed.close()
    found = hashes(Path(plan.out))
    for folder in Path(plan.out).iterdir():
        if folder.is_dir() and folder.name != "_plan":
            shutil.rmtree(folder)
    assert len(found) > 20
    return found


def kill_one(engine: LocalEngine, chance: random.Random) -> bool:
    """End a worker; False where none lives."""
    for one in chance.sample(engine._pool, len(engine._pool)):
        with contextlib.suppress(ProcessLookupError):  # it was killed before
            os.kill(one.process.pid or 0, signal.SIGKILL)
            return True
    return False


def test_local_processes_give_the_same_bytes_though_some_are_killed(plan: ScalePlan, expected: dict[str, str]) -> None:
    engine = LocalEngine(2)
    chance = random.Random(0)
    killed: list[str] = []

    class Killing(OnTheSpot):
        def run(self, tasks: Iterable[ScaleTask]) -> Iterator[TaskOutcome]:
            for outcome in engine.run(tasks):
                if killed.count(outcome.stage) < 2:
                    killed.extend([outcome.stage] * kill_one(engine, chance))
                yield outcome

    assert found_by(plan, Killing(), engine) == expected
    assert len(killed) >= 6


def test_ray_gives_the_same_bytes(plan: ScalePlan, expected: dict[str, str]) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    engine = RayEngine(workers=1)
    assert found_by(plan, engine, engine) == expected


def test_a_share_of_a_gpu_that_ray_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tasks would wait for ever."""
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    closed: list[bool] = []
    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray, "shutdown", lambda: closed.append(True))
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0})
    with pytest.raises(InputError, match="for one task: CPU 2, GPU 0"):
        RayEngine(gpus=0.25)
    with pytest.raises(InputError, match="for one task: CPU 2, GPU 0"):
        RayEngine(threads=4)
    assert len(closed) == 2


def test_ray_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="needs the extra ray")

    def init(**_: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(InputError, match="cannot be used at this machine: The current node timed out during startup"):
        RayEngine()


def test_ray_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtraError, match="waferwatch\\[ray\\]"):
        RayEngine()


def test_engines_are_known_to_nobody_but_themselves() -> None:
    libraries = ("ray", "dask", "pyspark", "multiprocessing")
    named = re.compile(rf"import.*\b({'|'.join(libraries)})\b|from ({'|'.join(libraries)})\b")
    wrong = [
        f"{path_of(file)}:{item.line} imports {item.target}"
        for file in FILES
        if named.search(file.read_text("utf-8"))
        for item in found_imports(file)
        if item.target.split(".")[0] in libraries and not path_of(file).startswith("scale/engines/")
        if not (item.target.startswith("multiprocessing") and not path_of(file).startswith("scale/"))
    ]
    assert wrong == []


def test_the_engine_of_ray_stays_small() -> None:
    [file] = [file for file in FILES if path_of(file) == "scale/engines/ray.py"]
    code = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    assert len(code) <= 80
