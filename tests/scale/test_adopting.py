"""Chambers without a reference of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.scale.made import planned, rows_of, run, write_fleet
from waferwatch.scale import results
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.report import report_of
from waferwatch.scale.units.adopting import ENOUGH

HOURS = {"by": ("equipment", "hour"), "reference": "2026-01-05T08:00:00..2026-01-05T08:59:59"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chamber, and its sister from behind the reference period on."""
    folder = tmp_path_factory.mktemp("adopting") / "in"
    folder.mkdir()
    frame = waferwatch.generate(rows=18_500, equipment=2, seed=3).drop(columns=["anomaly", "fault_kind"])
    late = (frame["equipment"] == "ETCH-02") & (frame["timestamp"] < "2026-01-05T09:00")
    frame[~late].to_parquet(folder / "all.parquet", index=False)
    return folder


def models_of(plan: ScalePlan) -> dict[str, tuple[str, str | None]]:
    assert run(plan).exit_code == 0
    report_of(plan)
    known = pd.read_parquet(Path(plan.out) / "fleet" / "equipment.parquet").set_index("equipment")
    sisters = [None if pd.isna(one) else one for one in known["sister"]]
    return dict(zip(known.index, zip(known["model"], sisters, strict=True), strict=True))


def test_few_wafers_take_over_the_model_of_a_sister(source: Path, tmp_path: Path) -> None:
    plan = planned(source, tmp_path / "out", wafers=5, **HOURS)
    assert models_of(plan) == {"ETCH-01": ("own", None), "ETCH-02": ("adopted", "ETCH-01")}


def test_enough_wafers_of_each_recipe_give_a_model_of_their_own(source: Path, tmp_path: Path) -> None:
    plan = planned(source, tmp_path / "out", wafers=ENOUGH, **HOURS)
    assert models_of(plan) == {"ETCH-01": ("own", None), "ETCH-02": ("first wafers", None)}
    verdicts = results.read_table_of(plan.results, "wafers").query("equipment == 'ETCH-02'")
    assert (verdicts["golden"] >= ENOUGH // 2).any()  # its limits are those of its own wafers
    assert verdicts["abnormal"].mean() < 0.5


def test_the_sister_whose_model_sees_faults_is_taken_and_not_the_one_that_sees_nothing(tmp_path: Path) -> None:
    """The model of a noisy sister scores all wafers low: it is blind, and does not fit best."""
    sharp, blind, new = rows_of("E1", 2), rows_of("E2", 2, seed=1), rows_of("E3", 3, seed=2)
    rng = np.random.default_rng(0)
    sensors = ["s0", "s1", "s2"]
    blind[sensors] += rng.normal(size=(len(blind), 3)) * 8
    write_fleet(tmp_path / "in", [sharp, blind, new[new["time"] >= "2026-01-06"]])
    models = models_of(planned(tmp_path / "in", tmp_path / "out"))
    assert models["E3"] == ("adopted", "E1")
