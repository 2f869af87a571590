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
