"""Parts of the default detector, taken out and alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ablation import WHOLE, Case, Head, Kind, ablated, case_of, document_of, fused
from manifest import Entry

from waferwatch.read.frames import table_from_frame
from waferwatch.read.generate import generate


def test_every_part_is_judged_alone_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"value": np.sin(np.arange(1500) / 5) + 0.1 * rng.standard_normal(1500), "label": 0})
    frame.loc[1200:1230, ["value", "label"]] = 1.5, 1
    frame.to_parquet(tmp_path / "made.parquet")
    rows = pd.DataFrame(ablated(case_of(Entry(tmp_path / "made.parquet", "made", "univariate", 800, "")), None))
    parts = rows[rows["part"] != WHOLE]
    assert set(parts.groupby("part")["way"].agg(tuple)) == {("alone", "without")}
    assert {"reader moment", "view x1", "time scale x2"} <= set(parts["part"])
    assert sum(part.startswith("head ") for part in parts["part"].unique()) >= 8
    found = document_of(rows)["univariate"]["checkpoints"]
    ((_, checkpoint),) = found.items()
    assert checkpoint[WHOLE]["series"] == 1
    for part, one in checkpoint.items():
        if part != WHOLE:
            assert one["without"] + one["adds"] == pytest.approx(checkpoint[WHOLE]["vus_pr"], abs=2e-4)


def test_joint_heads_and_steps_are_parts_too() -> None:
    frame = generate(4000, 1, seed=0).drop(columns="fault_kind")
    rows = pd.DataFrame(ablated(Case(table_from_frame(frame, name="made"), "virtual fab", 1500), None))
    parts = set(rows["part"])
    assert {"head jointwindow: joint level", "reader jointwindow", "head step: off its course"} <= parts
    assert rows["vus_pr"].between(0, 1).all()


def test_a_joint_head_alone_is_the_score() -> None:
    measured = np.ones((2, 20), bool)
    measured[:, 7] = False
    values = np.arange(20, dtype=np.float32)
    found = fused([Head("a", "made", None, values, Kind.JOINT)], measured)
    assert np.isnan(found[7])
    assert np.delete(found, 7) == pytest.approx(np.delete(values, 7) + 3)


def test_two_checkpoints_are_compared_over_the_series_that_both_have() -> None:
    rows = pd.DataFrame(
        {"file": file, "shape": "univariate", "checkpoint": name, "part": part, "way": way, "vus_pr": value}
        for name, file, value in (("A", "one", 0.3), ("A", "two", 0.4), ("B", "one", 0.5))
        for part, way in ((WHOLE, "alone"), ("head a", "alone"), ("head a", "without"))
    )
    higher = document_of(rows)["univariate"]["higher_than_the_first"]["B"]
    assert higher["head a"] == {"series": 1, "higher": 0.2, "interval": [0.2, 0.2]}


def test_no_head_leaves_every_point_unjudged() -> None:
    measured = np.ones((2, 20), bool)
    assert np.isnan(fused([], measured)).all()
    head = Head("a", "made", None, np.arange(40, dtype=np.float32).reshape(2, 20))
    assert not np.isnan(fused([head], measured)).any()
