"""Chamber matching: matched, different or too few wafers, for every recipe, step and sensor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_wafers import made

from waferwatch.cli import main
from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.chambers.matching import Match, match_chambers
from waferwatch.scoring.before_after import before_after
from waferwatch.scoring.comparison.chambers import chamber_matching

RNG = np.random.default_rng(5)


def verdicts(*values: np.ndarray, **options: float | str) -> list[Match]:
    named = {f"PM{number}": one for number, one in enumerate(values, start=1)}
    return [one.verdict for one in match_chambers(named, **options)]  # type: ignore[arg-type]


def test_chambers_at_one_level_match():
    assert verdicts(*RNG.normal(100, 1, (3, 60))) == [Match.MATCHED] * 3


def test_one_chamber_that_is_off_does_not_make_the_others_look_off():
    first, second, third = RNG.normal(100, 1, (3, 60))
    assert verdicts(first, second, third + 5) == [Match.MATCHED, Match.MATCHED, Match.DIFFERENT]


def test_of_two_chambers_each_is_compared_with_the_other():
    found = match_chambers({"PM1": RNG.normal(100, 1, 60), "PM2": RNG.normal(106, 1, 60)})
    assert [one.verdict for one in found] == [Match.DIFFERENT, Match.DIFFERENT]
    assert found[0].difference == pytest.approx(-found[1].difference)
    assert found[0].reference == found[1].median


def test_few_wafers_are_not_known_and_say_how_many_are_missing():
    found = match_chambers({"PM1": RNG.normal(100, 1, 60), "PM2": RNG.normal(100, 1, 5)})
    assert [one.verdict for one in found] == [Match.TOO_FEW, Match.TOO_FEW]
    assert found[1].missing == 3


def test_a_difference_that_cannot_be_reported_from_the_tolerance_asks_for_more_wafers():
    steady = np.linspace(-1, 1, 12)
    off = match_chambers({"PM1": steady, "PM2": steady + 0.7}, tolerance=1.0)[0]
    assert (off.verdict, off.wafers) == (Match.TOO_FEW, 12)
    assert off.missing is not None
    many = np.linspace(-1, 1, 12 + off.missing)
    assert match_chambers({"PM1": many, "PM2": many + 0.7}, tolerance=1.0)[0].verdict is Match.MATCHED
    at_tolerance = match_chambers({"PM1": steady, "PM2": steady + 1.0}, tolerance=1.0)[0]
    assert (at_tolerance.verdict, at_tolerance.missing) == (Match.TOO_FEW, None)


def test_a_chamber_whose_wafers_vary_more_differs_by_its_spread():
    calm, other, wild = RNG.normal(100, 1, 60), RNG.normal(100, 1, 60), RNG.normal(100, 5, 200)
    found = match_chambers({"PM1": calm, "PM2": other, "PM3": wild}, tolerance=3.0)
    assert (found[2].verdict, found[2].because) == (Match.DIFFERENT, "spread")
    assert found[0].verdict is Match.MATCHED


def test_a_golden_chamber_is_what_the_others_are_compared_with():
    first, second, third = RNG.normal(100, 1, (3, 60))
    assert verdicts(first + 5, second, third, against="PM1") == [Match.MATCHED, Match.DIFFERENT, Match.DIFFERENT]


def test_a_typed_tolerance_makes_a_difference_harmless():
    first, second = RNG.normal(100, 1, (2, 60))
    assert verdicts(first, second + 5) == [Match.DIFFERENT] * 2
    assert verdicts(first, second + 5, tolerance=7.0) == [Match.MATCHED] * 2
    assert verdicts(first, second + 5, spreads=8.0) == [Match.MATCHED] * 2


def test_constant_sensors_match_where_they_are_equal_alone():
    assert verdicts(np.full(20, 5.0), np.full(20, 5.0), least=0.01) == [Match.MATCHED] * 2
    assert verdicts(np.full(20, 5.0), np.full(20, 5.1), least=0.01) == [Match.DIFFERENT] * 2


def test_values_that_were_not_measured_do_not_count():
    holes = np.concatenate([RNG.normal(100, 1, 40), np.full(30, np.nan)])
    found = match_chambers({"PM1": holes, "PM2": np.full(30, np.nan)})
    assert [one.wafers for one in found] == [40, 0]
    assert [one.verdict for one in found] == [Match.TOO_FEW, Match.TOO_FEW]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Three chambers whose levels are one, but for the gas of one of them in one step."""
    parts = []
    for number in range(1, 4):
        mine = made(number, chambers=1, wafers=40)[0]
        sensors = mine.columns[6:]
        mine[sensors] -= mine.groupby("step")[sensors].transform("mean")
        mine["equipment"] = f"PM{number}"
        parts.append(mine)
    found = pd.concat(parts, ignore_index=True)
    found.loc[(found["equipment"] == "PM2") & (found["step"] == "main_etch"), "gas_a"] += 1.0
    return found


def test_the_farthest_chamber_is_listed_first(frame: pd.DataFrame):
    found = chamber_matching(frame)
    first = found.frame.iloc[0]
    place = first[["equipment", "step", "sensor", "statistic", "verdict", "because"]].tolist()
    assert place == ["PM2", "main_etch", "gas_a", "mean", "different", "level"]
    assert first["difference"] == pytest.approx(1.0, abs=0.05)
    assert first["interval_low"] < 1.0 < first["interval_high"]
    means = found.frame[found.frame["statistic"] == "mean"]
    assert (means["verdict"] == "different").sum() == 1
    assert found.chambers == ("PM1", "PM2", "PM3")
    assert sum(found.counts.values()) == len(found.frame) == 3 * 5 * (2 * 6 + 1)


def test_last_wafers_alone_and_typed_tolerances(frame: pd.DataFrame):
    assert set(chamber_matching(frame, last=10).frame["wafers"]) <= {9, 10}
    found = chamber_matching(frame, tolerances={"gas_a": 2.0}).frame
    assert "gas_a" not in set(found[(found["verdict"] == "different") & (found["statistic"] == "mean")]["sensor"])


@pytest.mark.parametrize("tolerance", [float("nan"), float("inf"), -1.0])
def test_a_tolerance_that_is_no_difference_is_refused(frame: pd.DataFrame, tolerance: float):
    with pytest.raises(InputError, match=f"The tolerance of gas_a cannot be {tolerance}"):
        chamber_matching(frame, tolerances={"gas_a": tolerance})
    with pytest.raises(InputError, match=f"The tolerance of gas_a cannot be {tolerance}"):
        before_after(frame, "2026-01-05 08:40:00", tolerances={"gas_a": tolerance})


def test_recipes_of_one_chamber_are_named(frame: pd.DataFrame):
    changed = frame.assign(recipe=np.where(frame["equipment"] == "PM3", "R9", "R1"))
    found = chamber_matching(changed)
    assert found.alone == ("R9",)
    assert set(found.frame["equipment"]) == {"PM1", "PM2"}


def test_what_cannot_be_compared_is_refused_with_a_remedy(frame: pd.DataFrame):
    with pytest.raises(InputError, match="one chamber only"):
        chamber_matching(frame[frame["equipment"] == "PM1"])
    with pytest.raises(NotFoundError, match="PM9"):
        chamber_matching(frame, against="PM9")
    with pytest.raises(NotFoundError, match="no sensor"):
        chamber_matching(frame, tolerances={"nothing": 1.0})
    with pytest.raises(InputError, match="above 0"):
        chamber_matching(frame, spreads=0.0)
    with pytest.raises(InputError, match="has no wafers"):
        chamber_matching(pd.DataFrame({"time": np.arange(50.0), "a": np.arange(50.0), "tool": ["A", "B"] * 25}))


def test_the_command_line_lists_what_differs_and_writes_all_of_it(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    frame.to_csv(tmp_path / "fab.csv", index=False)
    out = tmp_path / "chambers.parquet"
    assert main(["match-chambers", str(tmp_path / "fab.csv"), "--output", str(out), "--json"]) == 0
    printed = capsys.readouterr()
    assert "PM2: gas_a mean in R1 main_etch: +1" in printed.err
    assert json.loads(printed.out)["rows"][0]["equipment"] == "PM2"
    assert pd.read_parquet(out).iloc[0]["sensor"] == "gas_a"
    assert main(["match-chambers", str(tmp_path / "fab.csv"), "--against", "PM9"]) == 2
    assert "PM9" in capsys.readouterr().err
