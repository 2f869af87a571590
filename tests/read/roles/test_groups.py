"""Rows numbered by the values of some columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.read.roles.groups import group_codes


@pytest.mark.parametrize("rows", [12, 3000])
def test_groups_are_numbered_as_they_first_come_whatever_holds_their_names(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waferwatch.read.roles.groups._AT_ONCE", 1024)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"lot": rng.choice(["L3", "L1", None, "L2"], rows), "wafer": rng.integers(1, 26, rows), "step": "etch"}
    )
    columns = ["lot", "wafer", "step"]
    texts = [("" if pd.isna(lot) else lot, str(wafer), step) for lot, wafer, step in frame.itertuples(index=False)]
    expected = list(dict.fromkeys(texts))
    for kept in (frame, frame.astype({"lot": "category", "step": "category"})):
        codes, keys = group_codes(kept, columns)
        assert keys == expected
        assert [keys[code] for code in codes.tolist()] == texts
