"""What `waferwatch detect` says when only wafers are abnormal, not single rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from waferwatch.cli import main


def drifting(path: Path) -> None:
    """A level that is off by less than single rows show, in three wafers of forty."""
    rng = np.random.default_rng(0)
    rows, wafers = 30, 40
    wafer = np.repeat(np.arange(wafers), rows)
    time = pd.Timestamp("2026-04-01") + pd.to_timedelta(np.arange(rows * wafers) + 40 * wafer, unit="s")
    flow = 50 + rng.normal(size=wafers)[wafer] * 0.1 + rng.normal(size=rows * wafers)
    flow[(wafer >= 30) & (wafer < 33)] += 3.0
    power = 300 + rng.normal(size=rows * wafers)
    pd.DataFrame({"time": time, "lot": "L1", "wafer": wafer, "step": 1, "flow": flow, "power": power}).to_csv(path)


def test_abnormal_wafers_are_said_without_a_file_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drifting(tmp_path / "etch.csv")
    assert main(["detect", str(tmp_path / "etch.csv"), "--detector", "statistical"]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("Note: ")]
    assert said[0] == "1 problem. 3 of 40 wafers are abnormal."
    assert said[1].startswith("  P-1 ")
    assert "flow +5.5% in step 1, wafers: 3 of 3, since 2026-04-01T00:35:00" in said[1]
    assert said[1].endswith(": L1/30, L1/31, L1/32")


def test_rows_of_abnormal_wafers_are_marked_though_no_row_is(tmp_path: Path) -> None:
    drifting(tmp_path / "etch.csv")
    command = ["detect", str(tmp_path / "etch.csv"), "--detector", "statistical", "--output", str(tmp_path / "out.csv")]
    assert main(command) == 0
    rows = pd.read_csv(tmp_path / "out.csv")
    assert rows["is_abnormal_wafer"].dtype == bool
    assert rows.loc[rows["is_abnormal_wafer"], "wafer"].value_counts().to_dict() == {30: 30, 31: 30, 32: 30}
    assert not rows["is_anomaly"].any()
    again = tmp_path / "again.csv"
    assert main([*command[:1], str(tmp_path / "out.csv"), *command[2:-1], str(again)]) == 0
    assert list(pd.read_csv(again).columns) == list(rows.columns)


def test_a_table_without_wafers_has_no_column_of_them(tmp_path: Path) -> None:
    time = pd.date_range("2026-04-01", periods=200, freq="s")
    values = np.random.default_rng(0).normal(size=(200, 2))
    pd.DataFrame({"time": time, "p": values[:, 0], "q": values[:, 1]}).to_csv(tmp_path / "a.csv", index=False)
    out = tmp_path / "out.csv"
    assert main(["detect", str(tmp_path / "a.csv"), "--detector", "statistical", "--output", str(out)]) == 0
    assert list(pd.read_csv(out).columns[-3:]) == ["anomaly_score", "is_anomaly", "event_id"]


def test_problems_that_are_not_listed_are_counted_with_the_weak_ones_among_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waferwatch.commands.wafers._MOST_LISTED", 0)
    drifting(tmp_path / "etch.csv")
    assert main(["detect", str(tmp_path / "etch.csv"), "--detector", "statistical"]) == 0
    assert "  and 1 more; --problems OUT writes all of them" in capsys.readouterr().err
