import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from waferwatch.cli import main


@pytest.fixture(scope="module")
def fab_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fab") / "fab.csv"
    assert main(["generate", str(path), "--rows", "3000", "--equipment", "2", "--seed", "7"]) == 0
    return path


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "waferwatch.cli", *map(str, arguments)], capture_output=True, text=True, **options
    )


def test_detect_writes_every_row_and_column_in_order_with_three_more_columns(fab_file, tmp_path, capsys):
    output = tmp_path / "out.csv"
    assert main(["detect", str(fab_file), "--detector", "isolation_forest", "--output", str(output)]) == 0
    before, after = pd.read_csv(fab_file), pd.read_csv(output)
    assert list(after.columns) == [*before.columns, "anomaly_score", "is_anomaly", "event_id"]
    pd.testing.assert_frame_equal(after[before.columns], before)
    assert after["is_anomaly"].dtype == bool
    assert after.loc[~after["is_anomaly"], "event_id"].isna().all()
    assert after.loc[after["is_anomaly"], "event_id"].notna().all()


def test_json_is_the_last_line_of_stdout_and_words_go_to_stderr(fab_file):
    found = run("detect", fab_file, "--detector", "isolation_forest", "--json")
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) == 1
    document = json.loads(found.stdout)
    assert document["rows"] == 3000
    assert document["detector"] == "isolation_forest"
    assert document["events"][0]["kind"] in {"point", "contextual", "collective"}
    assert "events" in found.stderr


def test_a_number_of_false_alarms_sets_the_threshold_and_what_came_of_it_is_told(fab_file):
    quick = ("detect", fab_file, "--detector", "squared_difference", "--reference-rows", 500, "--json")
    found = run(*quick, "--false-alarms", 20_000)
    assert found.returncode == 0
    document = json.loads(found.stdout)
    assert document["threshold_by"] == "false_alarms"
    assert document["budget"]["asked"] == 20_000
    assert "Per equipment and week: at most 20000 false alarms asked for" in found.stderr
    assert "of them false" in found.stderr
    extrapolated = run(*quick, "--false-alarms", 1)
    assert "Note: The threshold is extrapolated" in extrapolated.stderr
    assert json.loads(extrapolated.stdout)["threshold"] > document["threshold"]


def test_parquet_output_holds_the_same_rows(fab_file, tmp_path):
    output = tmp_path / "out.parquet"
    assert main(["detect", str(fab_file), "--detector", "squared_difference", "--output", str(output)]) == 0
    assert len(pd.read_parquet(output)) == 3000


def test_a_cell_is_written_back_as_it_was_read(tmp_path):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = [f"2026-01-01T00:00:{second:02d}+09:00;1,50;{'inf' if second == 5 else '7'}" for second in range(40)]
    source.write_text("\n".join(["time;a;b", *rows]) + "\n")
    assert main(["detect", str(source), "--detector", "squared_difference", "--output", str(output)]) == 0
    text = pd.read_csv(output, dtype=str)
    assert text["time"][0] == "2026-01-01T00:00:00+09:00"
    assert text["a"][0] == "1,50"
    assert text["b"][5] == "inf"


def test_the_role_of_a_column_can_be_set(tmp_path, capsys):
    source = tmp_path / "in.csv"
    rows = [f"{number},{number % 2 + 7},{number % 5}" for number in range(600)]
    source.write_text("\n".join(["t,place,a", *rows]) + "\n")
    options = ["--detector", "squared_difference", "--json", "--role", "place=equipment", "--role", "t=ignored"]
    assert main(["detect", str(source), *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["features"] == ["a"]
    assert {run["key"]["place"] for run in found["runs"]} == {"7", "8"}
    assert main(["detect", str(source), "--role", "place=machine"]) == 2
    assert "equipment" in capsys.readouterr().err


def test_compare_gives_one_row_a_detector(fab_file):
    two = "squared_difference,moving_variance"
    found = run("compare", fab_file, "--label", "anomaly", "--detectors", two, "--json")
    assert found.returncode == 0
    assert [row["detector"] for row in json.loads(found.stdout)["rows"]] == ["squared_difference", "moving_variance"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["detect", "nowhere.csv"], "nowhere.csv"),
        (["detect", "FAB", "--detector", "nothing"], "isolation_forest"),
        (["detect", "FAB", "--features", "no_such"], "no_such"),
        (["detect", "FAB", "--contamination", "2"], "contamination"),
        (["detect", "FAB", "--output", "out.docx"], ".parquet"),
        (["detect", "FAB", "--output", "no/such/folder/out.csv"], "does not exist"),
        (["detect", "FAB", "--reference-rows", "0"], "reference"),
        (["detect", "FAB", "--false-alarms", "1"], "--false-alarms: A number of false alarms can only be kept"),
        (["detect", "FAB", "--false-alarms", "-1", "--reference-rows", "500"], "cannot be -1"),
        (["generate", "x.csv", "--rows", "0"], "rows"),
        (["models", "info", "nothing"], "nothing"),
    ],
)
def test_bad_input_ends_with_code_2_and_a_sentence_without_traceback(fab_file, arguments, sentence, capsys):
    assert main([str(fab_file) if part == "FAB" else part for part in arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


def test_wrong_options_end_with_code_2(fab_file):
    assert run("detect").returncode == 2
    assert run("detect", fab_file, "--contamination", "many").returncode == 2
    assert run("detect", fab_file, "--contamination", "0.05", "--false-alarms", "1").returncode == 2
    assert run("nonsense").returncode == 2


def test_doctor_says_what_is_there(tmp_path):
    found = run("doctor", env={**os.environ, "WAFERWATCH_DATA_DIR": str(tmp_path), "WAFERWATCH_PORT": "0"})
    assert "WAFERWATCH_PORT" in found.stderr
    assert found.returncode == 2
    found = run("doctor", env={**os.environ, "WAFERWATCH_DATA_DIR": str(tmp_path), "WAFERWATCH_PORT": "45123"})
    assert found.returncode == 0, found.stderr
    assert "checkpoint" in found.stderr
