"""The whole way, from the rows of a virtual fab to its faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import waferwatch
from waferwatch.read.virtual_fab.faults import FAULT_KINDS
from waferwatch.read.virtual_fab.generate import generate

ROWS = 20_000
KNOWN = ROWS // 3  # rows without a fault
CONTEXT = ["equipment", "lot", "wafer", "fault_kind"]


def scores_behind_the_reference(fab: pd.DataFrame) -> NDArray[np.float64]:
    found = waferwatch.detect(fab.drop(columns="fault_kind"), detector="statistical", reference_rows=KNOWN)
    return np.where(np.arange(ROWS) < KNOWN, np.nan, found.scores)


def test_most_faults_and_some_of_every_kind_are_found_where_another_fab_without_faults_gives_no_alarm() -> None:
    fab, calm = generate(ROWS, 1, seed=1), generate(ROWS, 1, seed=2, faults=False)
    found = scores_behind_the_reference(fab) > np.nanmax(scores_behind_the_reference(calm))
    faults = fab.assign(found=found)[fab["fault_kind"] != ""].groupby(CONTEXT)["found"].max()
    assert len(faults) >= 2 * len(FAULT_KINDS)
    assert faults.mean() > 0.5
    assert faults.groupby("fault_kind").any().reindex(FAULT_KINDS).eq(True).all()
    # The score of a whole stay lies on all of its rows: what counts is whether its wafer holds a fault.
    faulty = (fab["fault_kind"] != "").groupby([fab["lot"], fab["wafer"]]).transform("any")
    assert (found & ~faulty.to_numpy()).sum() < 0.05 * found.sum()


def test_the_automatic_threshold_flags_nothing_of_a_fab_without_faults() -> None:
    calm = generate(ROWS, 1, seed=2, faults=False).drop(columns="fault_kind")
    assert not waferwatch.detect(calm, detector="statistical", reference_rows=KNOWN).flags.any()
