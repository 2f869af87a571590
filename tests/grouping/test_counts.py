"""Groups, their counts and intervals, against loops that anybody can check."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.grouping.made import detection_of, table_of
from waferwatch.errors import InputError, NotFoundError
from waferwatch.evaluate.intervals import wilson
from waferwatch.grouping.counts import count_groups, count_rows, in_order
from waferwatch.grouping.crossing import cross
from waferwatch.grouping.groups import Groups, group_columns, natural, number_of, part
from waferwatch.grouping.quantiles import group_quantiles, highest_tenth

LOTS = st.sampled_from(["L1", "L2", "L10", "", "<b>", "각인"])
ROWS = st.lists(st.tuples(LOTS, LOTS, st.booleans(), st.floats(-5, 5) | st.just(math.nan)), min_size=2, max_size=60)


def groups_of(texts: list[str]) -> Groups:
    values = list(dict.fromkeys(texts))
    return Groups("lot", np.array([values.index(text) for text in texts]), [text or None for text in values])


@given(ROWS)
def test_counts_are_those_of_a_loop(rows: list[tuple[str, str, bool, float]]) -> None:
    texts, _, flags, values = zip(*rows, strict=True)
    peaks = [at for at, flag in enumerate(flags) if flag][:3]
    found = detection_of(flags, np.array(values), peaks)
    counts = count_rows(groups_of(list(texts)), found, np.array(values))
    assert sum(one.rows for one in counts) == len(rows)
    for one in counts:
        mine = [at for at, text in enumerate(texts) if (text or None) == one.value]
        known = [values[at] for at in mine if not math.isnan(values[at])]
        assert one.rows == len(mine)
        assert one.anomalies == sum(flags[at] for at in mine)
        assert one.ratio == one.anomalies / one.rows
        assert one.events == sum(at in mine for at in peaks)
        assert one.low <= one.ratio <= one.high
        expected = sum(known) / len(known) if known else math.nan
        assert one.mean_score == pytest.approx(expected, nan_ok=True)
        assert one.mean == pytest.approx(expected, nan_ok=True)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_interval_solves_the_equation_that_defines_it(total: int, part_of: float) -> None:
    hits = round(part_of * total)
    for end, inner in zip(wilson(hits, total), (hits == 0, hits == total), strict=True):
        distance = (hits / total - end) ** 2
        if not inner:
            assert distance == pytest.approx(1.959963984540054**2 * end * (1 - end) / total, rel=1e-6, abs=1e-15)


def test_the_interval_of_a_known_case() -> None:
    assert wilson(5, 100) == pytest.approx((0.02154368, 0.11175047))
    assert wilson(0, 10)[0] == 0


@given(ROWS, st.integers(1, 4))
def test_a_crossing_counts_every_row_once(rows: list[tuple[str, str, bool, float]], most: int) -> None:
    one, two, flags, _ = zip(*rows, strict=True)
    first, second = groups_of(list(one)), groups_of(list(two))
    crossing = cross(first, second, np.array(flags), most)
    assert crossing.rows.sum() == len(rows)
    assert crossing.anomalies.sum() == sum(flags)
    assert len(crossing.first.values) == min(most, len(first))
    assert crossing.first.others == len(first) - len(crossing.first.values)
    for at, value in enumerate(crossing.first.values):
        for to, other in enumerate(crossing.second.values):
            here = [flag for a, b, flag, _ in rows if (a or None) == value and (b or None) == other]
            assert crossing.rows[at, to] == len(here)
            assert crossing.anomalies[at, to] == sum(here)


def test_a_crossing_keeps_the_groups_with_most_flagged_rows() -> None:
    lots = groups_of(["L3", "L2", "L1", "L1", "L10", "L10", "L10"])
    flags = np.array([1, 1, 0, 0, 0, 0, 0], dtype=bool)
    crossing = cross(lots, lots, flags, 3)
    assert crossing.first.values == ["L2", "L3", "L10"]
    assert crossing.first.others == 1
    assert crossing.rows[-1].tolist() == [0, 0, 0, 2]


@given(ROWS)
def test_quantiles_and_highest_tenth_are_those_of_a_loop(rows: list[tuple[str, str, bool, float]]) -> None:
    texts, _, _, values = zip(*rows, strict=True)
    groups = groups_of(list(texts))
    shares = (0, 0.05, 0.25, 0.5, 0.95, 1)
    found = group_quantiles(groups.codes, np.array(values), len(groups) + 1, shares)
    tops = highest_tenth(groups.codes, np.array(values), len(groups) + 1)
    assert np.isnan(found[-1]).all()
    assert np.isnan(tops[-1])
    for at in range(len(groups)):
        mine = np.array([value for value, code in zip(values, groups.codes, strict=True) if code == at])
        mine = np.sort(mine[np.isfinite(mine)])
        expected = np.quantile(mine, shares) if len(mine) else np.full(len(shares), np.nan)
        assert found[at] == pytest.approx(expected, nan_ok=True)
        top = mine[-max(1, round(0.1 * len(mine))) :].mean() if len(mine) else math.nan
        assert tops[at] == pytest.approx(top, nan_ok=True)


def test_cells_that_read_the_same_are_one_group_and_empty_cells_are_one() -> None:
    table = table_of(equipment=["E1", "E1", None, "E2", ""], wafer=[1.0, 2.0, np.nan, 1.0, 2.0])
    assert part(table, "wafer").values == ["1", "2", None]
    groups = part(table, "equipment")
    assert groups.values == ["E1", None, "E2"]
    assert groups.codes.tolist() == [0, 0, 1, 2, 1]
    assert number_of(groups, "") == 1
    assert number_of(groups, "E2") == 2


def test_a_value_that_no_row_has_is_refused() -> None:
    with pytest.raises(NotFoundError, match=r"No row has '<i>' in the column equipment\."):
        number_of(part(table_of(equipment=["E1", "E2"]), "equipment"), "<i>")


def test_what_is_no_group_column_is_refused() -> None:
    table = table_of(equipment=["E1", "E2"])
    assert group_columns(table) == ["equipment"]
    with pytest.raises(NotFoundError, match="no column lot"):
        part(table, "lot")
    with pytest.raises(InputError, match="its role is sensor"):
        part(table, "pressure", "and")


def test_groups_are_ordered_by_share_name_or_rows() -> None:
    lots = ["L10", "L10", "L10", "L2", "L2", "L1", None]
    table = table_of(lot=lots)
    found = detection_of([0, 0, 1, 1, 1, 0, 0])
    counts = count_groups(table, "lot", found)
    assert [one.value for one in counts] == ["L2", "L10", "L1", None]
    assert [one.value for one in in_order(counts, "name")] == ["L1", "L2", "L10", None]
    assert [one.value for one in in_order(counts, "rows")] == ["L10", "L2", "L1", None]


def test_names_are_ordered_as_people_count() -> None:
    names = ["W10", "W2", None, "w1", "W02", "", "9" * 5000, "②", "W2a"]
    assert sorted(names, key=natural) == ["", "9" * 5000, "W2", "W02", "W2a", "W10", "w1", "②", None]
