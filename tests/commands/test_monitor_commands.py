"""The life of a monitor on the command line and in Python: learnt once, used, kept true, carried elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.cli import main

STEPS = ("stab", "etch", "purge")


def fab_rows(
    wafers: int, first: int = 0, seed: int = 0, pressure: float = 0.0, leak: int | None = None
) -> pd.DataFrame:
    """Wafers of two chambers, 30 rows each.

    Args:
        pressure: added to every reading of it.
        leak: number of a wafer with a fault on one of the chambers.
    """
    chance = np.random.default_rng(seed)
    parts = []
    for chamber in ("PM1", "PM2"):
        for wafer in range(first, first + wafers):
            start = pd.Timestamp("2026-11-20") + pd.Timedelta(seconds=40 * wafer)
            step = np.repeat(STEPS, 10)
            level = np.repeat([5.0, 20.0, 1.0], 10)
            flow = chance.normal(np.repeat([2.0, 8.0, 0.5], 10), 0.1)
            if wafer == leak and chamber == "PM2":
                flow[10:20] += 4.0
            parts.append(
                pd.DataFrame(
                    {
                        "time": start + pd.to_timedelta(np.arange(30), "s"),
                        "chamber": chamber,
                        "lot": f"L{wafer // 10}",
                        "wafer": f"W{wafer % 10}",
                        "recipe": "POLY",
                        "step": step,
                        "pressure": chance.normal(level, 0.05) + pressure,
                        "flow": flow,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    fab_rows(40).to_csv(folder / "golden.csv", index=False)
    fab_rows(20, first=40, seed=1).to_csv(folder / "more.csv", index=False)
    fab_rows(20, first=60, seed=2, leak=70).to_csv(folder / "today.csv", index=False)
    fab_rows(30, first=100, seed=3, pressure=0.2).to_csv(folder / "after.csv", index=False)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], data: Path) -> Any:
    """Run a command with ``--json``, and give its document; a refusal gives what stderr says."""

    def call(*arguments: object, folder: Path = data, code: int = 0) -> Any:
        capsys.readouterr()
        found = main([*map(str, arguments), "--data-dir", str(folder), "--json"])
        shown = capsys.readouterr()
        assert found == code, shown.err
        assert "Traceback" not in shown.err
        return json.loads(shown.out.splitlines()[-1]) if code == 0 else shown.err

    return call


@pytest.fixture(scope="module")
def shelf(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the monitor ``etch``, which no test changes."""
    folder = tmp_path_factory.mktemp("shelf")
    learn = ["fit", "etch", str(files / "golden.csv"), "--detector", "statistical", "--data-dir", str(folder)]
    assert main(learn) == 0
    return folder


@pytest.fixture
def etch(ask: Any, files: Path) -> dict[str, Any]:
    """The monitor ``etch``, learnt from the golden file."""
    made: dict[str, Any] = ask("fit", "etch", files / "golden.csv", "--detector", "statistical")
    return made


def test_the_life_of_a_monitor(ask: Any, etch: dict[str, Any], files: Path, tmp_path: Path, data: Path) -> None:
    assert (etch["version"], etch["state"], etch["origin"]) == (1, "in_use", "learnt")
    first = ask("detect", files / "more.csv", "--monitor", "etch")
    second = ask("detect", files / "today.csv", "--monitor", "etch")
    assert first["monitor"] == second["monitor"] == "etch@1"
    assert first["model_digest"] == second["model_digest"] == etch["model_digest"], "nothing is learnt anew"
    assert first["events"] == []
    assert first["drift"]["fits"] == "yes"
    assert {(event["equipment"], event["lot"]) for event in second["events"]} == {("PM2", "L7")}

    rebased = ask("monitors", "rebase", "etch", files / "after.csv", "--wafers", 20)
    assert (rebased["version"], rebased["state"], rebased["before"]) == (2, "draft", 1)
    assert {one["sensor"] for one in rebased["rebase"]["moved"]} == {"pressure"}
    compared = ask("monitors", "compare", "etch", 1, 2, files / "after.csv")
    assert compared["old"]["events"] > 0
    assert compared["new"]["events"] == 0

    drift = ask("detect", files / "after.csv", "--monitor", "etch")["drift"]
    assert (drift["fits"], drift["sensors"][0]["sensor"]) == ("no", "pressure")
    assert ask("monitors", "activate", "etch@2")["in_use"] == 2
    assert ask("detect", files / "after.csv", "--monitor", "etch")["events"] == []
    assert ask("detect", files / "after.csv", "--monitor", "etch@1")["events"] != []
    assert ask("monitors", "rollback", "etch")["in_use"] == 1

    bundle, elsewhere = tmp_path / "etch.waferwatch", tmp_path / "elsewhere"
    ask("monitors", "export", "etch@2", bundle)
    taken = ask("monitors", "import", bundle, folder=elsewhere)
    assert (taken["monitor"], taken["version"], taken["origin"]) == ("etch", 1, "imported")
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    ask("detect", files / "today.csv", "--monitor", "etch@2", "--output", here)
    ask("detect", files / "today.csv", "--monitor", "etch", "--output", there, folder=elsewhere)
    assert here.read_bytes() == there.read_bytes()

    loaded = waferwatch.load_monitor("etch", 2, data_dir=data)
    found = loaded.detect(pd.read_csv(files / "today.csv"))
    np.testing.assert_allclose(found.scores, pd.read_csv(here)["anomaly_score"], rtol=1e-6)

    assert ask("monitors", "delete", "etch") == {"deleted": "etch"}
    assert ask("monitors", "list") == {"monitors": []}
    assert ask("monitors", "restore", "etch")["in_use"] == 1


def test_a_golden_set_is_chosen_from_several_files(ask: Any, files: Path) -> None:
    made = ask(
        *("fit", "etch", files / "golden.csv", files / "more.csv", "--detector", "statistical"),
        *("--from", "2026-11-20 00:06:40", "--equipment", "PM1", "--leave-out", "L1/W2,L3"),
        *("--false-alarms", 1),
    )
    golden = made["golden"]
    assert golden["files"] == ["golden.csv", "more.csv"]
    assert golden["rows"] == (50 - 11) * 30
    assert {(one["what"], one["reason"]) for one in golden["left_out"]} == {("L1/W2", "named"), ("L3", "named")}
    cells = {one["equipment"]: (one["wafers"], one["enough"]) for one in golden["coverage"]}
    assert cells == {"PM1": (39, True), "PM2": (0, False)}, "what was never seen is said"
    assert made["promise"]["asked_per_week"] == 1
    assert not made["promise"]["kept"], "half an hour cannot carry one false alarm a week"
    shown = ask("monitors", "show", "etch")
    assert shown["policy"] == {"false_alarms": 1.0}
    assert shown["equipment"] == ["PM1"]
    found = ask("detect", files / "today.csv", "--monitor", "etch")
    assert found["events"] == [], "the leak is on equipment that is not watched"
    ask("monitors", "set", "etch", "--equipment", "all", "--threshold", 3)
    assert ask("detect", files / "today.csv", "--monitor", "etch")["threshold"] == 3


def test_a_later_version_is_a_draft_until_it_is_put_in_use(ask: Any, etch: dict[str, Any], files: Path) -> None:
    made = ask("fit", "etch", files / "golden.csv", files / "more.csv", "--detector", "statistical")
    assert (made["version"], made["state"]) == (2, "draft")
    assert ask("detect", files / "today.csv", "--monitor", "etch")["monitor"] == "etch@1"
    made = ask("fit", "etch", files / "golden.csv", "--detector", "statistical", "--activate")
    assert (made["version"], made["state"]) == (3, "in_use")
    assert made["model_digest"] == etch["model_digest"], "the same golden rows give the same model"


def test_golden_sets_are_listed_and_shown(ask: Any, etch: dict[str, Any]) -> None:
    (listed,) = ask("golden", "list")["golden_sets"]
    assert (listed["name"], listed["version"], listed["used_by"]) == ("etch", 1, ["etch@1"])
    shown = ask("golden", "show", "etch@1")
    assert shown["rows"] == listed["rows"]
    assert shown["coverage"]
    ask("golden", "show", "poly", code=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("detect", "today.csv", "--monitor", "depo"), "There is no monitor depo."),
        (("detect", "today.csv", "--monitor", "etch@9"), "The monitor etch has no version 9. Its versions: 1."),
        (("detect", "today.csv", "--monitor", "etch", "--detector", "pca"), "--detector: This cannot be chosen"),
        (("fit", "a/b", "golden.csv"), "A monitor cannot be called a/b."),
        (("fit", "etch"), "No file is named."),
        (("fit", "etch", "golden.csv", "--reference-rows", 5), "--reference-rows: This is an option of --folder."),
        (("fit", "--folder", "x", "golden.csv", "--lots", "L1"), "--lots: This is an option of monitors."),
        (("fit", "etch", "golden.csv", "--lots", "L77"), "lots names what the data do not have: L77."),
        (("fit", "etch", "golden.csv", "--from", "noon"), "noon"),
        (("monitors", "activate", "etch"), "No version is named."),
        (("monitors", "rollback", "etch"), "no earlier version that was in use"),
        (("monitors", "set", "etch"), "Nothing is asked for."),
        (("monitors", "rebase", "etch", "today.csv", "--wafers", 2), "--wafers: A rebase needs at least"),
        (("monitors", "learn-false-alarms", "etch"), "No alarm of the monitor etch was called a false alarm."),
        (("monitors", "import", "golden.csv"), "is not an exported monitor"),
        (("monitors", "restore", "depo"), "There is no monitor depo."),
    ],
)
def test_what_cannot_be_done_ends_with_code_2_and_a_sentence(
    ask: Any, shelf: Path, files: Path, arguments: tuple[object, ...], said: str
) -> None:
    given = [files / one if isinstance(one, str) and one.endswith(".csv") else one for one in arguments]
    assert said in ask(*given, folder=shelf, code=2)
    (monitor,) = ask("monitors", "list", folder=shelf)["monitors"]
    assert [one["version"] for one in monitor["versions"]] == [1], "nothing was changed"


def test_versions_are_compared_on_the_equipment_that_is_watched(ask: Any, etch: dict[str, Any], files: Path) -> None:
    every = ask("monitors", "compare", "etch", 1, 1, files / "today.csv")
    assert every["old"]["events"] > 0
    ask("monitors", "set", "etch", "--equipment", "PM1")
    found = ask("monitors", "compare", "etch", 1, 1, files / "today.csv")
    assert (found["old"]["events"], found["rows"]) == (0, every["rows"] // 2)


def test_monitors_in_python_are_those_of_the_command_line(ask: Any, files: Path, tmp_path: Path, data: Path) -> None:
    golden, after = pd.read_csv(files / "golden.csv"), pd.read_csv(files / "after.csv")
    with waferwatch.MonitorLibrary(data) as monitors:
        assert monitors.fit("etch", golden, detector="statistical")["state"] == "in_use"
        assert monitors.rebase("etch", after, wafers=20)["state"] == "draft"
        assert monitors.activate("etch", 2)["in_use"] == 2
        assert monitors.roll_back("etch")["in_use"] == 1
        monitors.save("etch", tmp_path / "etch.waferwatch", 2)
        assert monitors.take(tmp_path / "etch.waferwatch", "copy")["version"] == 1
        assert monitors.load("copy").digest == monitors.load("etch", 2).digest
        assert monitors.all() == ask("monitors", "list")["monitors"]
        monitors.delete("copy")
        assert [one["name"] for one in monitors.all()] == ["etch"]
