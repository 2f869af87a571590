"""Wafers are judged, faults become one problem each, and files are read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_wafers import MadeFault, made

import waferwatch
from waferwatch.cli import main
from waferwatch.commands.wafers import read_limits
from waferwatch.errors import InputError
from waferwatch.export.wafers import wafer_tables
from waferwatch.indicators.frames import INDICATOR_COLUMNS, LIMIT_COLUMNS, PROBLEM_COLUMNS, WAFER_COLUMNS
from waferwatch.indicators.hard_rules import TypedLimit, typed_limits
from waferwatch.indicators.run_score import run_score, run_scores
from waferwatch.indicators.trends.values import column_of, sides_of, stage_sides, values_of
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import fit_table
from waferwatch.scoring.wafers import judged_again
from waferwatch.settings import current_settings
from waferwatch.store.detections import describe_detection, restore_detection, score_frame

FAULT = MadeFault("mean", 1, 50, 8, 30.0)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made(1, wafers=70, faults=(FAULT,))[0]


@pytest.fixture(scope="module")
def found(frame: pd.DataFrame) -> Detection:
    return waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")


def first_wafers(frame: pd.DataFrame, wafers: int = 40) -> pd.DataFrame:
    number = frame.groupby("equipment")["wafer"].transform(lambda one: (one != one.shift()).cumsum())
    return frame[number <= wafers]


def abnormal(found: Detection) -> list[tuple[str | None, str | None, str | None]]:
    return [(run.equipment, run.lot, run.wafer) for run in found.runs if run.abnormal]


def test_every_pass_of_a_wafer_has_one_verdict(found: Detection):
    assert len(found.runs) == 140
    assert all(run.judged_by == "wafer" for run in found.runs)
    assert abnormal(found) == [("PM2", "L1002", str(number + 1)) for number in range(8)]
    scores = np.array([run.score for run in found.runs])
    assert (scores > found.runs[0].threshold).sum() == 8


def test_the_reason_names_sensor_step_change_and_wafers_in_a_row(found: Detection):
    last = [run for run in found.runs if run.abnormal][-1]
    assert (last.sensor, last.step, last.direction, last.in_a_row) == ("he_flow", "main_etch", "up", 8)
    assert "he_flow in main_etch" in last.reason
    assert last.reason.endswith("8")
    assert last.value > last.upper > last.usual


def test_a_step_that_is_a_number_is_called_a_step_in_sentences(frame: pd.DataFrame):
    numbered = frame.assign(step=frame["step"].map({name: at for at, name in enumerate(frame["step"].unique(), 1)}))
    found = waferwatch.detect(numbered, reference=first_wafers(numbered), detector="statistical")
    reasons = [run.reason for run in found.runs if run.abnormal]
    assert len(reasons) == 8
    assert all(" in step " in one for one in [*reasons, str(found.problems[0].title)])


def test_a_fault_is_one_problem_with_its_onset(found: Detection, frame: pd.DataFrame):
    assert len(found.problems) == 1
    problem = found.problems[0]
    assert problem.fingerprint == "PM2 | R1 | main_etch | he_flow | up"
    assert (problem.severity, problem.count, problem.of, problem.in_a_row) == ("severe", 8, 8, 8)
    assert problem.alone == "yes"
    assert not problem.ongoing
    rows = frame[(frame["equipment"] == "PM2") & (frame["lot"] == "L1002") & (frame["wafer"] == 1)]
    main_etch = rows[rows["step"] == "main_etch"]["time"].iloc[0]
    assert abs(pd.Timestamp(problem.onset) - main_etch) <= pd.Timedelta(seconds=5)


def test_the_sensor_that_left_its_band_first_leads_where_another_is_as_far_off(frame: pd.DataFrame):
    second = frame.groupby(["equipment", "lot", "wafer", "step"]).cumcount()
    faulty = (frame["equipment"] == "PM2") & (frame["lot"] == "L1002") & (frame["wafer"] <= 8)
    follows = faulty & (frame["step"] == "main_etch") & (second >= 10)
    found = waferwatch.detect(
        frame.assign(bias=frame["bias"] + 64.0 * follows), reference=first_wafers(frame), detector="statistical"
    )
    (problem,) = found.problems
    assert [one.sensor for one in problem.sensors] == ["he_flow", "bias"]
    assert problem.sensors[0].share < problem.sensors[1].share
    assert (problem.sensor, problem.onset) == ("he_flow", problem.sensors[0].left_at)


def test_the_same_fault_on_two_chambers_is_two_problems_that_know_of_each_other():
    frame, _ = made(2, wafers=70, faults=(FAULT, MadeFault("mean", 0, 50, 8, 30.0)))
    found = waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")
    assert {problem.equipment: problem.also_on for problem in found.problems} == {"PM1": ("PM2",), "PM2": ("PM1",)}
    assert all(problem.alone == "no" for problem in found.problems)


@pytest.mark.parametrize(("kind", "strength"), [("shape", 6.0), ("relation", 4.0), ("length", 4.0), ("length", -4.0)])
def test_faults_that_no_step_mean_shows_are_found(kind: str, strength: float):
    frame, wrong = made(3, wafers=70, faults=(MadeFault(kind, 0, 55, 3, strength),))
    found = waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")
    bad = frame[wrong].groupby(["equipment", "lot", "wafer"]).ngroups
    assert len(abnormal(found)) == bad == 3


def test_a_stuck_sensor_breaks_a_hard_rule():
    frame, _ = made(4, wafers=70, faults=(MadeFault("stuck", 0, 55, 2, 1.0),))
    found = waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")
    stuck = [run for run in found.runs if "stuck" in run.rules]
    assert [run.sensor for run in stuck] == ["he_flow", "he_flow"]
    assert "stuck" in stuck[0].reason


@pytest.mark.parametrize(("strength", "direction"), [(4.0, "up"), (-4.0, "down")])
def test_a_step_too_long_or_short_breaks_a_hard_rule(strength: float, direction: str):
    frame, _ = made(3, wafers=60, faults=(MadeFault("length", 0, 50, 2, strength),))
    found = waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")
    broken = [run for run in found.runs if "length" in run.rules]
    assert [(run.sensor, run.step, run.direction) for run in broken] == [("_length", "main_etch", direction)] * 2
    assert [(one.sensor, one.direction, one.count) for one in found.problems] == [("_length", direction, 2)]


def test_a_step_that_the_file_cuts_off_is_not_too_short(frame: pd.DataFrame):
    model = waferwatch.fit(first_wafers(frame), detector="statistical")
    tool = frame[frame["equipment"] == "PM1"].reset_index(drop=True)
    last = tool[tool["step"] == "main_etch"].index[-1]
    cut = tool[: last - 10]
    assert not [run for run in model.detect(cut).runs if "length" in run.rules]


def test_a_sensor_that_is_stuck_and_later_high_is_two_problems():
    faults = (MadeFault("stuck", 0, 45, 3, 1.0), MadeFault("mean", 0, 55, 5, 30.0))
    frame, _ = made(5, wafers=70, faults=faults)
    found = waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical")
    assert sorted(one.fingerprint for one in found.problems) == [
        "PM1 | R1 | main_etch | he_flow | stuck",
        "PM1 | R1 | main_etch | he_flow | up",
    ]
    assert [one.direction for one in found.problems if "stuck" in one.fingerprint] == ["other"]


def test_a_typed_limit_is_kept_and_unknown_ones_are_refused(frame: pd.DataFrame):
    normal, limits = first_wafers(frame), pd.DataFrame({"sensor": ["he_flow"], "step": ["main_etch"], "upper": [7.0]})
    found = waferwatch.detect(normal, detector="statistical", limits=limits)
    assert all("range" in run.rules for run in found.runs)
    assert found.problems[0].severity == "severe"
    with pytest.raises(InputError, match="nothing"):
        waferwatch.detect(normal, detector="statistical", limits=pd.DataFrame({"sensor": ["nothing"]}))
    with pytest.raises(InputError, match="row 1"):
        waferwatch.detect(normal, detector="statistical", limits=limits.assign(upper="high"))


def test_too_few_golden_wafers_give_no_limits_and_say_so(frame: pd.DataFrame):
    found = waferwatch.detect(first_wafers(frame, 6), detector="statistical")
    assert found.wafers is None
    assert any("at least 8 normal wafers" in str(note) for note in found.notes)


def test_what_golden_wafers_show_rests_on_no_row_behind_the_reference(frame: pd.DataFrame):
    later = frame.groupby("equipment").cumcount() >= 5000
    sensors = [name for name in frame.columns if frame[name].dtype == np.float64]
    coarse = frame.assign(**{name: frame[name].round(1) for name in sensors})
    finer = coarse.copy()
    finer.loc[later, sensors] += 0.037  # a resolution that no golden wafer has
    limits = [
        fit_table(table_from_frame(one), detector="statistical", reference_rows=4000).wafers.limits
        for one in (coarse, finer)
    ]
    assert limits[0].stages == limits[1].stages
    np.testing.assert_array_equal(limits[0].centre, limits[1].centre)
    np.testing.assert_array_equal(limits[0].spread, limits[1].spread)


@pytest.mark.parametrize("order", ["by chamber", "by time"])
def test_verdicts_and_problems_are_the_same_where_equipment_is_judged_one_by_one(
    frame: pd.DataFrame, order: str, monkeypatch: pytest.MonkeyPatch
):
    if order == "by time":
        frame = frame.sort_values("time", kind="stable", ignore_index=True)
    model = waferwatch.fit(first_wafers(frame), detector="statistical")
    together = model.detect(frame)
    monkeypatch.setattr("waferwatch.scoring.wafers._ROWS_AT_ONCE", 1)
    found = model.detect(frame)
    assert found.runs == together.runs
    assert found.problems == together.problems
    assert len(found.problems) > 0


def test_one_and_several_threads_learn_and_judge_the_same(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch):
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("WAFERWATCH_THREADS", threads)
        current_settings.cache_clear()
        found.append(waferwatch.detect(frame, reference=first_wafers(frame), detector="statistical"))
    current_settings.cache_clear()
    one, several = found
    assert one.model_digest == several.model_digest
    assert one.scores.tobytes() == several.scores.tobytes()
    assert one.runs == several.runs
    assert one.problems == several.problems


def test_row_scores_of_many_runs_are_those_of_each_alone():
    rng = np.random.default_rng(0)
    lengths = [1, 3, 25, 25, 40, 7, 25]
    each = [rng.normal(size=length) for length in lengths]
    each[3][::2], each[5][:] = np.nan, np.nan
    found = run_scores(np.concatenate(each), np.cumsum([0, *lengths[:-1]]))
    np.testing.assert_array_equal(found, [run_score(one) for one in each])


def test_problems_are_the_same_where_a_table_has_its_newest_rows_first(frame: pd.DataFrame):
    model = waferwatch.fit(first_wafers(frame), detector="statistical")
    expected = model.detect(frame)
    found = model.detect(frame[::-1].reset_index(drop=True))
    assert [run.reason for run in found.runs if run.abnormal] == [run.reason for run in expected.runs if run.abnormal]
    for one, other in zip(found.problems, expected.problems, strict=True):
        assert (one.onset, one.first_seen, one.wafers) == (other.onset, other.first_seen, other.wafers)
        assert [part.left_at for part in one.sensors] == [part.left_at for part in other.sensors]


@pytest.mark.parametrize("step", [3, 3.0, "3"])
def test_a_typed_limit_holds_for_a_step_of_that_number_whatever_type_a_gap_gives_it(step: object):
    rows = pd.DataFrame({"sensor": ["he_flow", "bias"], "step": [step, None], "upper": [7.0, 1000.0]})
    assert [one.step for one in typed_limits(rows)] == ["3", None]


def test_an_empty_cell_of_a_file_of_limits_is_any_step_or_no_bound(tmp_path: Path):
    file = tmp_path / "limits.csv"
    file.write_text("sensor,statistic,step,lower,upper\nhe_flow,,,1,\nbias,max,3,,5.5\n")
    assert read_limits(str(file)) == [
        TypedLimit("he_flow", lower=1.0),
        TypedLimit("bias", "max", step="3", upper=5.5),
    ]


@pytest.mark.parametrize("bound", ["nan", "inf", float("-inf")])
def test_a_typed_limit_that_is_no_finite_number_is_refused(bound: object):
    with pytest.raises(InputError, match="row 1"):
        typed_limits(pd.DataFrame({"sensor": ["he_flow"], "upper": [bound]}))


def test_limits_are_learnt_once_and_saved_with_the_model(frame: pd.DataFrame, found: Detection, tmp_path: Path):
    model = waferwatch.fit(first_wafers(frame), detector="statistical")
    model.save(tmp_path)
    again = waferwatch.load(tmp_path).detect(frame)
    assert [run.score for run in again.runs] == pytest.approx([run.score for run in found.runs])
    late = frame[frame["time"] >= frame["time"].iloc[0] + pd.Timedelta(hours=1)]
    later = {(run.equipment, run.start): run.score for run in model.detect(late).runs}
    common = [(run.score, later[run.equipment, run.start]) for run in found.runs if (run.equipment, run.start) in later]
    one, other = np.array(common[-20:]).T
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_kept_detection_has_its_wafers_and_problems_again(found: Detection):
    about = json.loads(json.dumps(describe_detection(found), allow_nan=True))
    again = restore_detection(score_frame(found), about)
    assert again.problems == found.problems
    assert [run.to_dict() for run in again.runs] == [run.to_dict() for run in found.runs]
    assert again.wafers is not None
    assert again.wafers.threshold == found.wafers.threshold


def test_a_table_without_wafers_has_problems_of_its_events():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1500, 2))
    for start in (900, 1000, 1100, 1200):
        values[start : start + 12, 1] += 12
    time = pd.date_range("2026-01-01", periods=1500, freq="s")
    data = pd.DataFrame({"time": time, "equipment": "E1", "a": values[:, 0], "b": values[:, 1]})
    found = waferwatch.detect(data, detector="statistical", reference_rows=800)
    assert len(found.events) >= 3
    mine = [problem for problem in found.problems if problem.sensor == "b"]
    assert len(mine) == 1
    assert mine[0].count >= 3
    assert len(found.problems) < len(found.events)


def test_files_of_wafers_are_read_back(frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, normal = tmp_path / "data.csv", tmp_path / "normal.csv"
    frame.to_csv(data, index=False)
    first_wafers(frame).to_csv(normal, index=False)
    names = {"--runs": "w.xlsx", "--indicators": "i.parquet", "--problems": "p.csv", "--save-limits": "l.csv"}
    options = [part for name, file in names.items() for part in (name, str(tmp_path / file))]
    known = ["--reference", str(normal), "--detector", "statistical", "--json"]
    assert main(["detect", str(data), *known, *options]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(told["problems"]) == 1
    assert sum(run["abnormal"] for run in told["runs"]) == 8
    book = pd.read_excel(tmp_path / "w.xlsx", sheet_name=None, engine="calamine")
    assert list(book) == ["wafers", "problems", "limits", "rules"]
    assert tuple(book["wafers"].columns) == WAFER_COLUMNS
    assert book["wafers"]["abnormal"].sum() == 8
    indicators = pd.read_parquet(tmp_path / "i.parquet")
    assert tuple(indicators.columns) == INDICATOR_COLUMNS
    assert len(indicators) == 140 * 5 * (6 * 8 + 3 + 1 + 2 * 6)
    problems = pd.read_csv(tmp_path / "p.csv")
    assert tuple(problems.columns) == PROBLEM_COLUMNS
    assert json.loads(problems["sensors"].iloc[0])[0]["sensor"] == "he_flow"
    limits = pd.read_csv(tmp_path / "l.csv")
    assert tuple(limits.columns) == LIMIT_COLUMNS
    mean = limits.query("equipment == 'PM1' and step == 'main_etch' and sensor == 'he_flow' and statistic == 'mean'")
    assert mean["lower"].iloc[0] < mean["usual"].iloc[0] < mean["upper"].iloc[0]


ENDINGS = ("csv", "parquet", "xlsx")


def read_back(path: Path) -> pd.DataFrame:
    if path.suffix == ".xlsx":
        return pd.read_excel(path, engine="calamine")
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.fixture(scope="module")
def few() -> pd.DataFrame:
    return made(1, chambers=1, wafers=30, faults=(MadeFault("mean", 0, 26, 3, 30.0),))[0]


@pytest.fixture(scope="module")
def files(few: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All four tables in all three formats, from the command line."""
    folder = tmp_path_factory.mktemp("files")
    few.to_csv(folder / "data.csv", index=False)
    first_wafers(few, 25).to_csv(folder / "normal.csv", index=False)
    known = ["--reference", str(folder / "normal.csv"), "--detector", "statistical"]
    named = {"--runs": "wafers", "--indicators": "indicators", "--problems": "problems", "--save-limits": "limits"}
    for ending in ENDINGS:
        options = [part for name, table in named.items() for part in (name, str(folder / f"{table}.{ending}"))]
        assert main(["detect", str(folder / "data.csv"), *known, *options]) == 0
    return folder


@pytest.fixture(scope="module")
def known(few: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The same tables from the library."""
    found = waferwatch.detect(few, reference=first_wafers(few, 25), detector="statistical")
    return wafer_tables(table_from_frame(few), found)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_table_is_the_same_in_every_format(files: Path, known: dict[str, pd.DataFrame], ending: str):
    columns = {
        "wafers": WAFER_COLUMNS,
        "indicators": INDICATOR_COLUMNS,
        "problems": PROBLEM_COLUMNS,
        "limits": LIMIT_COLUMNS,
    }
    for table, names in columns.items():
        back = read_back(files / f"{table}.{ending}")
        assert tuple(back.columns) == names
        assert len(back) == len(known[table])
        numbers = [name for name in names if known[table][name].dtype.kind == "f"]
        for name in numbers:
            values = pd.to_numeric(back[name]).to_numpy(float)
            np.testing.assert_allclose(values, known[table][name].to_numpy(float), rtol=1e-6, atol=1e-9, err_msg=name)


def test_a_table_that_is_asked_for_alone_is_made_alone(
    few: pd.DataFrame, known: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
):
    table = table_from_frame(few)
    found = waferwatch.detect(few, reference=first_wafers(few, 25), detector="statistical")
    (limits,) = wafer_tables(table, found, ["limits"]).values()
    pd.testing.assert_frame_equal(limits, known["limits"])
    monkeypatch.setattr("waferwatch.export.wafers.judged_again", lambda *_: pytest.fail("indicators were computed"))
    assert list(wafer_tables(table, found, ["problems", "wafers"])) == ["wafers", "problems"]


def test_every_indicator_with_limits_has_them_in_the_table_of_limits(files: Path):
    limits, indicators = read_back(files / "limits.parquet"), read_back(files / "indicators.parquet")
    place = ["equipment", "recipe", "step", "sensor", "statistic"]
    bound = indicators[indicators["upper"].notna()].astype(dict.fromkeys(place, str))
    joined = bound.drop_duplicates(place).merge(limits, on=place, how="left", suffixes=("", "_limit"))
    assert {"t2", "spe", "trend", "shape", "mean"} <= set(joined["statistic"])
    np.testing.assert_allclose(joined["upper"], joined["upper_limit"], rtol=1e-9)
    np.testing.assert_allclose(joined["lower"], joined["lower_limit"], rtol=1e-9)


def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["detect", "nothing.csv", "--runs", str(tmp_path / "out.txt")]) == 2
    assert "--runs" in capsys.readouterr().err


def test_before_after_on_the_command_line(frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, out = tmp_path / "data.csv", tmp_path / "out.csv"
    frame.to_csv(data, index=False)
    at = frame[frame["equipment"] == "PM2"].groupby(["lot", "wafer"], sort=False)["time"].min().iloc[50]
    assert main(["before-after", str(data), "--at", str(at), "--equipment", "PM1", "--output", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["verdict"] == "back"
    assert len(pd.read_csv(out)) == len(told["indicators"])


def test_one_column_and_its_limits_are_those_of_the_whole_table(frame: pd.DataFrame, found: Detection):
    judged = judged_again(table_from_frame(frame, name="fab"), found)
    assert judged is not None
    values, sides = values_of(judged), sides_of(judged)
    for at in range(values.shape[1]):
        np.testing.assert_array_equal(column_of(judged, at), values[:, at])
        for stage in range(len(judged.cells.names)):
            first = int(np.flatnonzero(judged.cells.stage == stage)[0])
            expected = [one if np.isfinite(one) else None for one in (sides.lower[first, at], sides.upper[first, at])]
            assert list(stage_sides(judged, stage, at)) == expected
