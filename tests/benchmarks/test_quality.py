"""What is computed of scores: intervals, means compared with published methods, and runs judged one by one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import quality
from bootstrap import interval
from quality_tables import document_of
from run_quality import BASELINES, as_summaries, as_traces, judge, part


def lines(scores: dict[str, list[float]], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": f"{name}.parquet",
            "family": name[0],
            "tsb_ad_name": name,
            "detector": detector,
            "sha256": "",
            "device": "cpu",
            "window": 10,
            "unjudged": 0,
            "vus_pr": value,
            "auc_pr": value,
            "seconds": 1.0,
            "seed": 0,
        }
        for detector, values in scores.items()
        for name, value in zip(names, values, strict=True)
    )


def test_an_interval_holds_the_mean_narrows_with_more_series_and_comes_out_the_same_again() -> None:
    values = np.random.default_rng(0).random(200)
    low, high = interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(200), rel=0.1)
    few = interval(values[:20])
    assert few[1] - few[0] > 2 * (high - low)
    assert interval(values[::-1]) == [low, high]


def test_differences_are_paired_series_by_series() -> None:
    hard_and_easy = [0.1, 0.9, 0.2, 0.8, 0.5, 0.6]
    found = document_of(
        lines({"moment": [one + 0.05 for one in hard_and_easy], "statistical": hard_and_easy}, list("abcdef")), None
    )
    assert found["differences"]["moment"]["statistical"] == {"vus_pr": 0.05, "interval": [0.05, 0.05]}
    low, high = found["detectors"]["moment"]["interval"]
    assert high - low > 0.3


def test_series_that_a_detector_lacks_count_for_none() -> None:
    some = lines({"moment": [0.4, 0.6], "pca": [0.1, 0.3]}, ["a", "b"])
    found = document_of(some.iloc[:-1], None)
    assert found["series"] == 1
    assert found["detectors"]["moment"]["vus_pr"] == 0.4


def test_a_published_method_counts_where_it_has_every_series() -> None:
    methods = pd.DataFrame({"whole": [0.3, 0.5, 0.1], "half": [0.9, np.nan, 0.1]}, index=["a1", "b1", "not ours"])
    found = document_of(lines({"moment": [0.4, 0.6]}, ["a1", "b1"]), methods)["published"]
    assert found["vus_pr"] == {"moment": 0.5, "whole": 0.4}
    assert found["differences"]["moment"]["whole"]["vus_pr"] == 0.1
    assert found["families"]["a"] == {"series": 1, "moment": 0.4, "whole": 0.3, "half": 0.9}
    assert "half" not in found["families"]["b"]


def runs(count: int = 24, points: int = 60, bad: int = 4, bump: float = 0.6) -> pd.DataFrame:
    """Runs of two sensors; in the last ones the second sensor has a bump."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(count):
        length = points + int(rng.integers(-3, 4))
        level = np.sin(np.linspace(0, 3, length))
        values = level[:, None] + 0.05 * rng.standard_normal((length, 2))
        values[20:45, 1] += bump * (number >= count - bad)
        parts.append(
            pd.DataFrame(
                {
                    "run_id": 100 + number,
                    "step": np.arange(length),
                    "time": 7.0,
                    "step_number": np.arange(length) // 20,
                    "first": values[:, 0],
                    "second": values[:, 1],
                    "label": int(number >= count - bad),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_half_of_the_normal_runs_is_the_reference_and_all_others_are_judged() -> None:
    frame = runs()
    parts = part(frame, "lam_etch", 0)
    assert parts.reference["run_id"].nunique() == 10
    assert parts.reference["label"].sum() == 0
    assert not set(parts.reference["run_id"]) & set(parts.judged["run_id"])
    assert len(parts.labels()) == 14
    assert parts.labels().sum() == 4
    assert parts.sensors == ["first", "second"]
    assert part(frame, "lam_etch", 0).reference.equals(parts.reference)
    assert not part(frame, "lam_etch", 1).reference.equals(parts.reference)


def test_baselines_see_each_run_as_one_row_in_units_of_the_reference() -> None:
    parts = part(runs(), "lam_etch", 0)
    for seen, columns in ((as_traces(parts), 120), (as_summaries(parts), 10)):
        reference, judged = seen
        assert reference.shape == (10, pytest.approx(columns, abs=6))
        assert judged.shape == (14, reference.shape[1])
        assert np.allclose(reference.mean(axis=0), 0)


@pytest.mark.parametrize("detector", [*BASELINES, "moving_variance"])
def test_plain_bumps_put_the_bad_runs_first(detector: str) -> None:
    judged = judge(part(runs(count=80, bump=3.0), "lam_etch", 0), detector)
    assert judged.average_precision > 0.8  # by chance 0.1
    assert judged.unjudged == 0


def test_series_and_runs_of_a_folder_end_in_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    series = pd.DataFrame({"value": rng.standard_normal(900), "label": 0})
    series.loc[600:620, ["value", "label"]] = 8.0, 1
    series.to_parquet(tmp_path / "made__one.parquet")
    runs().to_parquet(tmp_path / "lam_etch__made.parquet")
    (tmp_path / "MANIFEST.csv").write_text(
        "file,family,kind,rows,features,train_rows,tsb_ad_name\n"
        "made__one.parquet,made,series,900,1,500,\n"
        "lam_etch__made.parquet,lam_etch,runs,1440,2,,\n"
    )
    asked = [str(tmp_path), "--detectors", "pca,moving_variance", "--output", str(tmp_path / "out.csv")]
    documents = []
    for _ in range(2):  # the second time from the kept lines
        assert quality.main(asked) == 0
        documents.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert documents[0] == documents[1]
    assert documents[0]["series"] == 1
    detectors = documents[0]["runs"]["lam_etch__made.parquet"]
    assert set(detectors) == {"pca", "moving_variance", *BASELINES}
    assert len(detectors["pca"]["by_seed"]) == 3
