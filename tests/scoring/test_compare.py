"""Several detectors on the same rows: what is said of each, of those that fail, and of MOMENT."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

import waferwatch
from waferwatch.cli import main
from waferwatch.errors import Cancelled, InputError, ModelError, NotFoundError
from waferwatch.evaluate.vus import vus_pr
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.scoring.comparison.compare import (
    ComparedRows,
    Comparison,
    check_names,
    compare_detectors,
    inject_only,
)
from waferwatch.scoring.comparison.failure import Failure, attempt
from waferwatch.scoring.comparison.footprint import Footprint
from waferwatch.scoring.part import only_rows
from waferwatch.scoring.question import Question
from waferwatch.series.split import split

QUICK = ["squared_difference", "moving_variance"]


@pytest.fixture(scope="module")
def table() -> Table:
    return table_from_frame(waferwatch.generate(6_000, equipment=2, seed=11), name="fab")


@pytest.fixture(scope="module")
def unlabelled() -> Table:
    frame = waferwatch.generate(6_000, equipment=2, seed=11).drop(columns=["anomaly", "fault_kind"])
    return table_from_frame(frame, name="fab")


@pytest.fixture(scope="module")
def compared(table: Table) -> Comparison:
    return compare_detectors(ComparedRows(table, Question(contamination=0.05)), QUICK, faults=True)


def test_agreement_and_missed_events_are_those_of_the_detections(table: Table, compared: Comparison) -> None:
    flags = [
        waferwatch.scoring.run.detect_table(table, Question(detector=name, contamination=0.05)).flags for name in QUICK
    ]
    expected = (flags[0] & flags[1]).sum() / (flags[0] | flags[1]).sum()
    assert compared.agreement.jaccard[0][1] == pytest.approx(expected)
    assert compared.agreement.missed[0][1] > 0
    assert all(event.labelled is not None for event in compared.agreement.events)


def test_a_row_says_seconds_and_memory(compared: Comparison) -> None:
    for row in compared.rows:
        assert row.seconds > 0
        assert row.peak_memory_bytes is not None
        assert row.failure is None


def test_vus_pr_is_measured_in_time_order_whatever_the_order_of_the_rows(table: Table, compared: Comparison) -> None:
    found = waferwatch.scoring.run.detect_table(table, Question(detector=QUICK[0]))
    order = np.concatenate([one.rows for one in split(table).series])
    labels = table.frame["anomaly"].to_numpy(bool)
    assert compared.rows[0].vus_pr == pytest.approx(vus_pr(labels[order], found.scores[order], 100))
    shuffled = only_rows(table, np.random.default_rng(0).permutation(len(table.frame)))
    assert compare_detectors(ComparedRows(shuffled), QUICK[:1])[0].vus_pr == pytest.approx(compared.rows[0].vus_pr)


def test_every_detector_gets_the_threshold_asked_for(table: Table) -> None:
    question = Question(threshold=2.5)
    alone = [waferwatch.scoring.run.detect_table(table, replace(question, detector=name)).flags.sum() for name in QUICK]
    assert [row.anomalies for row in compare_detectors(ComparedRows(table, question), QUICK)] == alone


def test_a_detector_that_fails_is_reported_and_the_others_still_run(table: Table) -> None:
    found = compare_detectors(
        ComparedRows(table, Question(checkpoint="no-such-checkpoint")), ["moment", *QUICK], faults=False
    )
    failed, *others = found.rows
    assert failed.failure is not None
    assert "no-such-checkpoint" in failed.failure.sentence()
    assert (failed.f1, failed.events) == (None, 0)
    assert all(row.failure is None and row.f1 is not None for row in others)
    assert found.agreement.detectors == QUICK
    assert found.verdict.answer == "unknown"


def test_when_every_detector_fails_the_reason_is_raised(table: Table) -> None:
    with pytest.raises(InputError, match="learn nothing"):
        compare_detectors(ComparedRows(table, Question(reference_rows=3)), ["moment"])


def test_memory_that_runs_out_is_a_failure_of_the_one_detector() -> None:
    def greedy() -> None:
        raise MemoryError

    found = attempt("pca", greedy)
    assert isinstance(found, ModelError)
    assert "pca" in Failure.of(found).sentence()


def test_unknown_names_and_empty_lists_are_refused_before_any_work(table: Table) -> None:
    with pytest.raises(NotFoundError, match="isolation_forest"):
        compare_detectors(ComparedRows(table), [*QUICK, "isolationforest"])
    with pytest.raises(InputError, match="No detector"):
        compare_detectors(ComparedRows(table), [])
    with pytest.raises(InputError, match="share of anomalies"):
        compare_detectors(ComparedRows(table, Question(contamination=0.7)), QUICK)
    with pytest.raises(InputError, match="has no weights"):
        compare_detectors(ComparedRows(table, Question(checkpoint="tuned")), QUICK)


def test_faults_are_injected_of_themselves_only_where_there_are_no_labels(table: Table, unlabelled: Table) -> None:
    assert compare_detectors(ComparedRows(table), QUICK).faults is None
    found = compare_detectors(ComparedRows(unlabelled), QUICK)
    assert found.faults is not None
    assert not found.labelled
    assert [row.f1 for row in found.rows] == [None, None]


def test_filtered_rows_are_compared_alone(table: Table) -> None:
    rows = np.flatnonzero((table.frame["equipment"] == "ETCH-01").to_numpy())
    some = compare_detectors(ComparedRows(table, Question(contamination=0.05), rows=rows), QUICK)
    alone = compare_detectors(ComparedRows(only_rows(table, rows), Question(contamination=0.05)), QUICK)
    for one, other in zip(some.rows, alone.rows, strict=True):
        assert (one.f1, one.vus_pr, one.auc_pr, one.anomaly_ratio) == pytest.approx(
            (other.f1, other.vus_pr, other.auc_pr, other.anomaly_ratio)
        )
    assert {event.equipment for event in some.agreement.events} == {"ETCH-01"}
    assert [event.start_row for event in some.agreement.events] == [
        rows[event.start_row] for event in alone.agreement.events
    ]


def test_a_kept_comparison_reads_as_it_was_written(compared: Comparison) -> None:
    adapter = TypeAdapter(Comparison)
    assert adapter.validate_json(adapter.dump_json(compared)) == compared


def test_the_library_keeps_its_contract_of_any_set() -> None:
    rows = waferwatch.compare(waferwatch.generate(2_000, equipment=1, seed=1), detectors=["squared_difference"])
    assert [row.detector for row in rows] == ["squared_difference"]
    assert set(asdict(rows[0])) >= {"precision", "recall", "f1", "auc_pr", "vus_pr", "seconds", "events"}


def test_the_command_line_says_why_a_detector_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waferwatch.generate(2_000, equipment=1, seed=1).to_csv(tmp_path / "fab.csv", index=False)
    monkeypatch.chdir(tmp_path)
    options = ["--label", "anomaly", "--detectors", "moment,squared_difference", "--reference-rows", "3", "--json"]
    assert main(["compare", "fab.csv", *options]) == 0
    told = capsys.readouterr()
    assert "moment: moment could learn nothing from the reference" in told.err
    failed, other = json.loads(told.out.splitlines()[-1])["rows"]
    assert (failed["f1"], failed["failure"]["code"]) == (None, "bad_input")
    assert other["failure"] is None


def test_progress_rises_to_one_and_cancels(unlabelled: Table) -> None:
    shares: list[float] = []
    inject_only(ComparedRows(unlabelled), QUICK, progress=shares.append)
    compare_detectors(ComparedRows(unlabelled), QUICK, progress=(second := []).append)
    for one in (shares, second):
        assert one == sorted(one)
        assert one[-1] == pytest.approx(1)

    def stop(share: float) -> None:
        if share > 0.7:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        compare_detectors(ComparedRows(unlabelled), QUICK, progress=stop)


def test_a_footprint_sees_memory_and_time() -> None:
    with Footprint() as footprint:
        block = np.ones(30_000_000)
        time.sleep(0.1)
        del block
    assert footprint.seconds >= 0.1
    assert 200e6 < footprint.peak_bytes < 500e6


def test_every_detector_has_event_figures_and_a_verdict_against_every_other(table: Table, compared: Comparison) -> None:
    for row in compared:
        assert row.figures is not None
        assert row.figures.faults == len(compared.labelled_faults) > 5
        assert row.figures.found == sum(row.detector in fault.found_by for fault in compared.labelled_faults)
        assert row.figures.vus_low is not None
        assert row.figures.vus_high is not None
        assert row.vus_pr is not None
        assert row.figures.vus_low <= row.vus_pr <= row.figures.vus_high
    one, other = compared.pairs
    assert (one.detector, one.other) == (other.other, other.detector) == tuple(QUICK)
    assert one.difference == pytest.approx(-(other.difference or 0))
    assert one.more_events == compared.agreement.missed[0][1]
    assert compared.resampling is not None
    assert compared.resampling.faulty_blocks == len(compared.labelled_faults)


def test_a_found_fault_names_the_event_that_found_it(table: Table, compared: Comparison) -> None:
    found = waferwatch.scoring.run.detect_table(table, Question(detector=QUICK[0], contamination=0.05))
    hits = [(fault, fault.found_by[QUICK[0]]) for fault in compared.labelled_faults if QUICK[0] in fault.found_by]
    assert hits
    for fault, hit in hits:
        event = found.events[hit.event - 1]
        assert event.peak_row == hit.peak_row
        assert fault.start_row <= event.end_row


def test_baselines_that_need_steps_are_left_out_where_there_are_none(table: Table) -> None:
    assert "pca_steps" in check_names(None, table)
    stepless = replace(table, roles={n: Role.IGNORED if one is Role.STEP else one for n, one in table.roles.items()})
    assert "pca_steps" not in check_names(None, stepless)
    assert check_names(["pca_steps"], stepless) == ["pca_steps"], "whoever names it gets it"


def test_the_command_line_says_the_verdict_and_writes_the_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waferwatch.generate(6_000, equipment=1, seed=1).to_csv(tmp_path / "fab.csv", index=False)
    monkeypatch.chdir(tmp_path)
    options = ["--label", "anomaly", "--detectors", ",".join(QUICK), "--output", "table.xlsx", "--json"]
    assert main(["compare", "fab.csv", *options]) == 0
    said = capsys.readouterr()
    assert "No verdict: MOMENT and another detector must both give a result." in said.err
    assert re.search(r"squared_difference\s+\d+ of \d+ \(\d+% to \d+%\)\s+\d+ in [\d.]+ h", said.err)
    document = json.loads(said.out.splitlines()[-1])
    assert document["verdict"]["answer"] == "unknown"
    assert {pair["detector"] for pair in document["pairs"]} == set(QUICK)
    book = pd.read_excel(tmp_path / "table.xlsx", sheet_name=None, engine="calamine")
    assert list(book) == ["detectors", "verdict", "pairs", "faults"]
    assert book["detectors"]["detector"].tolist() == QUICK
