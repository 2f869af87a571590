"""Problems of tables without wafers: what they are called, and whether they are still going on."""

from __future__ import annotations

import pandas as pd
import pytest

import waferwatch
from tests.models.frames import stream
from waferwatch.indicators.problems.problem import FabProblem

ROWS = 4000
KNOWN = 2000


def problem(frame: pd.DataFrame) -> FabProblem:
    """The one with the highest peak."""
    found = waferwatch.detect(frame, detector="statistical", reference_rows=KNOWN).problems
    return max(found, key=lambda one: one.peak_score)


def with_fault(first: int, last: int) -> pd.DataFrame:
    frame = stream(ROWS, 3)
    frame.loc[first:last, "s1"] += 9
    return frame


@pytest.mark.parametrize(("first", "last", "ongoing"), [(3000, 3060, False), (3900, ROWS, True)])
def test_a_problem_goes_on_where_its_last_event_reaches_the_last_rows(first: int, last: int, ongoing: bool) -> None:
    assert problem(with_fault(first, last)).ongoing is ongoing
    shuffled = with_fault(first, last).sample(frac=1, random_state=0)
    assert problem(shuffled).ongoing is ongoing


def test_one_chamber_that_ends_earlier_has_its_own_last_row() -> None:
    early = with_fault(3900, ROWS).assign(equipment="PM1")
    late = stream(ROWS, 3, seed=1, start="2026-01-06").assign(equipment="PM2")
    found = problem(pd.concat([early, late]))
    assert (found.equipment, found.ongoing) == ("PM1", True)


def test_a_table_that_names_no_equipment_is_not_said_to_have_one() -> None:
    assert str(problem(with_fault(3000, 3060)).title).startswith("s1 unusual, events: 1, since ")
    on = problem(with_fault(3000, 3060).assign(equipment="PM1"))
    assert str(on.title).startswith("s1 unusual on PM1, events: 1, since ")
