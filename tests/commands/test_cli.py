import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from waferwatch.cli import main


@pytest.fixture(scope="module")
def fab_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fab") / "fab.csv"
    assert main(["generate", str(path), "--rows", "3000", "--equipment", "2", "--seed", "7"]) == 0
    return path


def run(*arguments):
    """A process, as users start it, of several seconds; most tests do with ``asked``."""
    return subprocess.run([sys.executable, "-m", "waferwatch", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def asked(capsys):
    """Run a command: its exit code, its JSON document where it gives one, and what stderr says."""

    def call(*arguments):
        capsys.readouterr()
        code = main([*map(str, arguments)])
        shown = capsys.readouterr()
        return code, json.loads(shown.out) if "--json" in arguments and code == 0 else None, shown.err

    return call


def test_detect_writes_every_row_and_column_in_order_with_the_result_next_to_them(fab_file, tmp_path, capsys):
    output = tmp_path / "out.csv"
    assert main(["detect", str(fab_file), "--detector", "isolation_forest", "--output", str(output)]) == 0
    before, after = pd.read_csv(fab_file), pd.read_csv(output)
    assert list(after.columns) == [*before.columns, "anomaly_score", "is_anomaly", "event_id", "is_abnormal_wafer"]
    pd.testing.assert_frame_equal(after[before.columns], before)
    assert after["is_anomaly"].dtype == bool
    assert after.loc[~after["is_anomaly"], "event_id"].isna().all()
    assert after.loc[after["is_anomaly"], "event_id"].notna().all()


def test_json_is_the_last_line_of_stdout_and_words_go_to_stderr(fab_file):
    found = run("detect", fab_file, "--detector", "isolation_forest", "--contamination", 0.05, "--json")
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) == 1
    document = json.loads(found.stdout)
    assert document["rows"] == 3000
    assert document["detector"] == "isolation_forest"
    assert document["events"][0]["kind"] in {"point", "contextual", "collective", "state"}
    assert "events" in found.stderr


QUICK = ("--detector", "squared_difference", "--reference-rows", 500, "--json")


def test_the_threshold_is_automatic_and_what_it_promises_is_said(fab_file, asked):
    code, document, said = asked("detect", fab_file, *QUICK)
    assert code == 0
    assert document["threshold_by"] == "auto"
    assert document["promise"]["rows"] > 0
    assert len(document["model_digest"]) == 64
    assert "Automatic threshold.\nEvents above it in " in said
    assert "false event in " in said
    _, same, _ = asked("detect", fab_file, *QUICK, "--threshold", "auto")
    assert same["threshold"] == document["threshold"]


def test_the_threshold_may_be_a_score(fab_file, asked):
    _, document, said = asked("detect", fab_file, *QUICK, "--threshold", 2.5)
    assert (document["threshold"], document["threshold_by"]) == (2.5, "hand")
    assert "Threshold set by hand." in said


def test_a_number_of_false_alarms_sets_the_threshold_where_the_normal_rows_can_promise_it(fab_file, asked):
    code, document, said = asked("detect", fab_file, *QUICK, "--false-alarms", 20_000)
    assert code == 0
    assert document["threshold_by"] == "false_alarms"
    assert document["promise"]["asked_per_week"] == 20_000
    assert document["promise"]["kept"]
    assert "Threshold by the number of false alarms." in said
    _, automatic, said = asked("detect", fab_file, *QUICK, "--false-alarms", 1)
    assert said.count("cannot be promised") == 1
    assert not automatic["promise"]["kept"]
    assert automatic["threshold"] > document["threshold"]


@pytest.mark.parametrize("two", [("--contamination", "0.1"), ("--false-alarms", "9")])
def test_one_way_to_a_threshold_is_enough(fab_file, two, capsys):
    with pytest.raises(SystemExit) as left:
        main(["detect", str(fab_file), "--threshold", "3", *two])
    assert left.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


@pytest.fixture(scope="module")
def model(fab_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "etch"
    made = run(*("fit", "--folder", folder, fab_file), *QUICK)
    assert made.returncode == 0, made.stderr
    assert "waferwatch detect FILE --model" in made.stderr
    return folder, json.loads(made.stdout)


def test_a_saved_model_finds_what_learning_on_the_spot_finds(fab_file, model, asked):
    folder, made = model
    found = run("detect", fab_file, "--model", folder, "--json")  # a process that has learnt nothing itself
    assert found.returncode == 0, found.stderr
    by_model, (_, on_the_spot, _) = json.loads(found.stdout), asked("detect", fab_file, *QUICK)
    assert by_model["model_digest"] == made["model_digest"] == on_the_spot["model_digest"]
    for name in ("threshold", "events", "anomalies"):
        assert by_model[name] == on_the_spot[name]


def test_a_model_is_not_overwritten_unless_that_is_said(fab_file, model, capsys):
    folder, _ = model
    fit = ["fit", "--folder", str(folder), str(fab_file), "--reference-rows", "500", "--detector", "squared_difference"]
    assert main(fit) == 2
    assert "There is a model in" in capsys.readouterr().err
    assert main([*fit, "--replace"]) == 0


@pytest.mark.parametrize(
    "settled", [["--detector", "pca"], ["--reference-rows", "9"], ["--features", "a"], ["--role", "a=sensor"]]
)
def test_what_a_model_has_settled_cannot_be_chosen_again(fab_file, model, settled, capsys):
    assert main(["detect", str(fab_file), "--model", str(model[0]), *settled]) == 2
    told = capsys.readouterr().err
    assert f"{settled[0]}: This cannot be chosen for a saved model" in told


def test_a_folder_without_a_model_is_said(fab_file, tmp_path, capsys):
    assert main(["detect", str(fab_file), "--model", str(tmp_path)]) == 2
    assert "There is no readable model in" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["fit", "--folder", str(tmp_path / "file"), str(fab_file)]) == 2
    assert "is not a folder" in capsys.readouterr().err


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


def test_compare_gives_one_row_a_detector(fab_file, asked):
    two = "squared_difference,moving_variance"
    code, document, _ = asked("compare", fab_file, "--label", "anomaly", "--detectors", two, "--json")
    assert code == 0
    assert [row["detector"] for row in document["rows"]] == ["squared_difference", "moving_variance"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["detect", "nowhere.csv"], "nowhere.csv"),
        (["detect", "FAB", "--detector", "nothing"], "isolation_forest"),
        (["detect", "FAB", "--features", "no_such"], "no_such"),
        (["detect", "FAB", "--contamination", "2"], "contamination"),
        (["detect", "FAB", "--threshold", "-1"], "--threshold: The threshold cannot be -1.0. Give a number"),
        (["before-after", "FAB", "--at", "banana"], "--at: 'banana' is not a time. Write it as"),
        (["detect", "FAB", "--output", "out.docx"], ".parquet"),
        (["detect", "FAB", "--output", "no/such/folder/out.csv"], "does not exist"),
        (["detect", "FAB", "--reference-rows", "0"], "reference"),
        (["detect", "FAB", "--false-alarms", "-1", "--reference-rows", "500"], "cannot be -1"),
        (["generate", "x.csv", "--rows", "0"], "rows"),
        (["generate", "x.csv", "--rows", "99999999999999"], "not enough memory"),
        (["models", "info", "nothing"], "nothing"),
    ],
)
def test_bad_input_ends_with_code_2_and_a_sentence_without_traceback(fab_file, arguments, sentence, capsys):
    assert main([str(fab_file) if part == "FAB" else part for part in arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "words",
    [
        ["detect"],
        ["detect", "FAB", "--contamination", "many"],
        ["detect", "FAB", "--contamination", "0.05", "--false-alarms", "1"],
    ],
)
def test_wrong_options_end_with_code_2(fab_file, words):
    with pytest.raises(SystemExit) as left:
        main([str(fab_file) if word == "FAB" else word for word in words])
    assert left.value.code == 2


def test_an_unknown_command_ends_its_process_with_code_2():
    assert run("nonsense").returncode == 2


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("detect", ["FAB", "--output", "FAB"]),
        ("detect", ["FAB", "--runs", "FAB"]),
        ("detect", ["FAB", "--reference", "OTHER", "--problems", "OTHER"]),
        ("detect", ["FAB", "--limits", "OTHER", "--save-limits", "OTHER"]),
        ("detect", ["FAB", "--runs", "OTHER", "--problems", "OTHER"]),
        ("compare", ["FAB", "--label", "anomaly", "--output", "FAB"]),
        ("match-chambers", ["FAB", "--output", "FAB"]),
        ("before-after", ["FAB", "--at", "2026-01-05 08:10:00", "--output", "FAB"]),
    ],
)
def test_no_file_that_is_read_and_no_other_result_is_written_over(fab_file, tmp_path, capsys, command, options):
    other = tmp_path / "other.csv"
    other.write_bytes(fab_file.read_bytes())
    before = fab_file.read_bytes()
    paths = {"FAB": str(fab_file), "OTHER": str(tmp_path / "." / "other.csv")}
    assert main([command, *(paths.get(word, word) for word in options)]) == 2
    assert "Name another file to write." in capsys.readouterr().err
    assert fab_file.read_bytes() == other.read_bytes() == before


def test_only_options_that_were_typed_open_a_sentence(tmp_path, capsys):
    assert main(["scale", "run", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith("waferwatch: There is no plan at")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")
def test_a_stdout_that_takes_no_more_is_said_without_traceback(fab_file):
    with open("/dev/full", "w") as full:
        arguments = [sys.executable, "-m", "waferwatch", "detect", str(fab_file), *map(str, QUICK)]
        found = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True)
    assert found.returncode == 2
    assert "could not be written to stdout" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_refused_with_the_way_to_read_it(fab_file):
    arguments = f"cat '{fab_file}' | '{sys.executable}' -m waferwatch detect /dev/stdin"
    found = subprocess.run(arguments, shell=True, capture_output=True, text=True)
    assert found.returncode == 2
    assert "is a pipe or a device" in found.stderr


def test_doctor_says_what_is_there(tmp_path, asked, monkeypatch):
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WAFERWATCH_PORT", "0")
    code, _, said = asked("doctor")
    assert "WAFERWATCH_PORT" in said
    assert code == 2
    monkeypatch.setenv("WAFERWATCH_PORT", "45123")
    code, _, said = asked("doctor")
    assert code == 0, said
    assert "checkpoint" in said


def test_events_of_rows_without_a_clock_are_listed_by_their_rows(tmp_path, capsys):
    values = np.sin(np.arange(3000) * 0.7) + np.random.default_rng(0).normal(0, 0.2, 3000)
    values[2500:2540] *= 6
    path = tmp_path / "pump.csv"
    pd.DataFrame({"vibration": values}).to_csv(path, index=False)
    assert main(["detect", str(path), "--detector", "statistical", "--threshold", "2"]) == 0
    assert re.search(r"#\d+ \w+ 2\d{3} - 2\d{3} \(vibration 100%\)", capsys.readouterr().err)


def test_a_file_of_which_nothing_could_be_judged_does_not_say_that_there_is_no_problem(tmp_path, capsys):
    path = tmp_path / "short.csv"
    path.write_text("time,a,b\n2026-03-01 08:00:00,1,2\n2026-03-01 08:00:01,1,3\n2026-03-01 08:00:02,2,2\n")
    assert main(["detect", str(path), "--detector", "statistical"]) == 0
    said = capsys.readouterr().err
    assert "None of the 3 rows could be judged" in said
    assert "No problem" not in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"chuck_temp_C": "Chuck temp C"},
            "no sensor chuck_temp_C, which the model learnt from. Did you mean Chuck",
        ),
        (
            {"chuck_temp_C": "x9", "dc_bias_V": "x8"},
            "no sensor dc_bias_V, chuck_temp_C, which the model",
        ),
    ],
)
def test_every_sensor_that_a_file_lacks_for_a_model_is_named_with_the_way_out(
    fab_file, model, tmp_path, capsys, change, sentence
):
    path = tmp_path / "today.csv"
    pd.read_csv(fab_file).rename(columns=change).to_csv(path, index=False)
    assert main(["detect", str(path), "--model", str(model[0])]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "the name that the model knows" in said


REFUSED = [("", "is empty"), ("time,a\n", "has no rows of data"), (None, "no file")]


@pytest.mark.parametrize(("content", "sentence"), REFUSED)
def test_every_refusal_is_json_for_a_program_that_asks_for_it(tmp_path, capsys, content, sentence):
    path = tmp_path / "day.csv"
    if content is not None:
        path.write_text(content)
    assert main(["detect", str(path), "--json"]) == 2
    (finding,) = json.loads(capsys.readouterr().out.splitlines()[-1])["findings"]
    assert sentence in finding["sentence"]
    assert (finding["level"], bool(finding["remedy"])) == ("obstacle", True)
