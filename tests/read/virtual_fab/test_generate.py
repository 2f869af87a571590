"""The virtual fab."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.errors import InputError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role
from waferwatch.read.virtual_fab.fab import ETCH, SENSORS, simulate
from waferwatch.read.virtual_fab.faults import FAULT_KINDS
from waferwatch.read.virtual_fab.generate import generate

NAMES = [sensor.name for sensor in SENSORS]


@pytest.fixture(scope="module")
def fab() -> pd.DataFrame:
    return generate(30_000, 3, 7)


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return generate(30_000, 3, 7, faults=False)


def test_the_same_seed_gives_the_same_frame_bit_for_bit() -> None:
    pd.testing.assert_frame_equal(generate(5000, 2, 3), generate(5000, 2, 3), check_exact=True)


def test_another_seed_gives_another_fab() -> None:
    one, other = generate(3000, 2, 3), generate(3000, 2, 4)
    assert all((one[name] != other[name]).any() for name in NAMES)


@pytest.mark.parametrize("seed", range(8))
def test_labels_stand_exactly_where_the_fault_changed_a_reading(seed: int) -> None:
    fab, clean = generate(seed=seed), generate(seed=seed, faults=False)
    differs = (fab[NAMES] != clean[NAMES]).any(axis=1)
    assert differs.any()
    assert (fab["anomaly"].eq(1) == differs).all()
    assert (fab["fault_kind"].ne("") == differs).all()


def test_without_faults_everything_but_the_faults_is_the_same(fab: pd.DataFrame, clean: pd.DataFrame) -> None:
    context = ["timestamp", "equipment", "lot", "wafer", "recipe", "step"]
    pd.testing.assert_frame_equal(fab[context], clean[context])
    assert clean["anomaly"].eq(0).all()
    assert clean["fault_kind"].eq("").all()


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_fault_happens_and_one_to_three_percent_of_the_rows_are_faulty(seed: int) -> None:
    fab = generate(seed=seed)
    assert set(fab["fault_kind"]) == {"", *FAULT_KINDS}
    assert 0.01 < fab["anomaly"].mean() < 0.03


def test_the_first_third_of_each_equipment_is_free_of_faults(fab: pd.DataFrame) -> None:
    for _, rows in fab.groupby("equipment"):
        assert rows["anomaly"].iloc[: -(-len(rows) // 3)].eq(0).all()
        assert rows["anomaly"].iloc[len(rows) // 3 :].eq(1).any()


def test_a_fault_is_one_stretch_without_holes(fab: pd.DataFrame) -> None:
    for _, rows in fab.groupby("equipment"):
        kinds = rows["fault_kind"].to_numpy()
        for (_, wafer), positions in pd.Series(np.arange(len(rows))).groupby(
            [rows["lot"].to_numpy(), rows["wafer"].to_numpy()]
        ):
            faulty = positions[kinds[positions] != ""]
            assert len(set(kinds[faulty])) <= 1, wafer
            assert faulty.empty or faulty.iloc[-1] - faulty.iloc[0] + 1 == len(faulty)


def test_faults_are_points_as_well_as_long_stretches(fab: pd.DataFrame) -> None:
    lengths = fab[fab["anomaly"].eq(1)].groupby(["fault_kind", "equipment", "lot", "wafer"]).size()
    assert lengths["pressure_spike"].max() <= 3
    assert lengths["mfc_drift"].min() >= 20
    assert lengths["stuck_sensor"].min() >= 20


@given(st.integers(1, 400), st.integers(1, 12), st.integers(0, 1000))
@settings(max_examples=40)
def test_any_number_of_rows_is_spread_over_the_equipment_in_time_order(rows: int, equipment: int, seed: int) -> None:
    equipment = min(equipment, rows)
    fab = generate(rows, equipment, seed)
    assert len(fab) == rows
    assert fab["timestamp"].is_monotonic_increasing
    assert fab["equipment"].nunique() == equipment
    assert fab["equipment"].value_counts().max() - fab["equipment"].value_counts().min() <= 1
    assert np.isfinite(fab[NAMES].to_numpy()).all()


def test_equipment_take_turns_and_each_is_sampled_every_second(fab: pd.DataFrame) -> None:
    assert list(fab["equipment"].head(6)) == ["ETCH-01", "ETCH-02", "ETCH-03"] * 2
    for _, rows in fab.groupby("equipment"):
        assert (rows["timestamp"].diff().dropna() == pd.Timedelta(seconds=1)).all()


def lengths(fab: pd.DataFrame, step: str) -> pd.Series[int]:
    """Rows of each stay of the first equipment in a step, but for the first and the last stay, which are cut."""
    one = fab[fab["equipment"] == "ETCH-01"]
    stays = one["step"].ne(one["step"].shift()).cumsum()
    sizes = one.groupby([stays, "step"]).size().iloc[1:-1]
    return sizes.xs(step, level=1)


def test_step_lengths_vary_by_the_share_that_is_asked_for() -> None:
    strict, loose = (generate(9000, 1, 5, faults=False, step_jitter=share) for share in (0.0, 0.2))
    assert lengths(strict, "etch").between(29, 53).all()
    assert lengths(loose, "etch").max() > 55
    assert lengths(loose, "etch").between(29 * 0.8 - 1, 53 * 1.2 + 1).all()


def test_wafers_that_wait_idle_for_as_long_as_is_asked_for_on_average() -> None:
    strict, loose = (generate(40_000, 1, 5, faults=False, waiting=one) for one in (0.0, 120.0))
    longer = lengths(loose, "idle").mean() - lengths(strict, "idle").mean()
    assert longer == pytest.approx(120, rel=0.2)
    assert lengths(loose, "etch").max() == lengths(strict, "etch").max()


def test_a_loose_fab_differs_from_its_clean_twin_in_its_faults_alone() -> None:
    faulty, clean = (generate(9000, 2, 5, faults=some, step_jitter=0.3, waiting=60) for some in (True, False))
    differs = (faulty[NAMES] != clean[NAMES]).any(axis=1)
    assert differs.any()
    assert (faulty["anomaly"].eq(1) == differs).all()


@pytest.mark.parametrize(("option", "value"), [("step_jitter", -0.1), ("step_jitter", 0.6), ("waiting", float("nan"))])
def test_a_jitter_or_a_wait_out_of_its_range_is_refused(option: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{option} cannot be") as caught:
        generate(100, 1, **{option: value})
    assert caught.value.field == option


def test_a_recipe_goes_through_its_steps_in_order(fab: pd.DataFrame) -> None:
    order = ["stabilise", "ramp", "etch", "over_etch", "purge", "idle"]
    one = fab[fab["equipment"] == "ETCH-02"]
    steps = one["step"][one["step"].ne(one["step"].shift())].map(order.index)
    assert (steps.diff().dropna() % len(order) == 1).all()


def test_wafers_count_up_within_lots_of_at_most_25(fab: pd.DataFrame) -> None:
    assert fab["wafer"].between(1, 25).all()
    large = generate(400_000, 1, 1, faults=False)
    assert large.groupby("lot")["wafer"].max().max() == 25
    wafers = large[large["wafer"].ne(large["wafer"].shift())].groupby("lot")["wafer"]
    assert all((numbers.diff().dropna() == 1).all() for _, numbers in wafers)


def test_a_lot_runs_on_one_equipment_with_one_recipe(fab: pd.DataFrame) -> None:
    assert (fab.groupby("lot")[["equipment", "recipe"]].nunique() == 1).all(axis=None)


def test_the_clean_third_of_every_equipment_shows_every_recipe(fab: pd.DataFrame) -> None:
    for _, rows in fab.groupby("equipment"):
        assert rows["recipe"].head(len(rows) // 3).nunique() == fab["recipe"].nunique() == 3


def test_sensors_move_together(clean: pd.DataFrame) -> None:
    one = clean[clean["equipment"] == "ETCH-01"]
    along = one[NAMES].corr()
    assert along.loc["rf_forward_W", "dc_bias_V"] > 0.9
    assert along.loc["rf_forward_W", "endpoint_au"] > 0.8
    assert along.loc["pressure_mTorr", "throttle_valve_pct"] < -0.7
    assert along.loc["cf4_flow_sccm", "helium_pressure_Torr"] > 0.7
    later = one["chuck_temp_C"].shift(-20)  # heat comes after the power
    assert later.corr(one["rf_forward_W"]) > one["chuck_temp_C"].corr(one["rf_forward_W"]) > 0.2


def test_a_set_point_is_reached_gradually_and_then_held(clean: pd.DataFrame) -> None:
    one = clean[clean["equipment"] == "ETCH-01"].reset_index(drop=True)
    run = one["step"].ne(one["step"].shift()).cumsum()
    stabilise = [part["cf4_flow_sccm"].to_numpy() for _, part in one[one["step"] == "stabilise"].groupby(run)][1:-1]
    for flow in stabilise:
        assert flow[0] < 0.8 * flow[-1]
        assert np.ptp(flow[-3:]) < 0.02 * flow[-1]


def test_every_equipment_has_offsets_of_its_own(clean: pd.DataFrame) -> None:
    etching = clean[(clean["step"] == "etch") & (clean["recipe"] == "OXIDE_MAIN")]
    medians = etching.groupby("equipment")[["endpoint_au", "throttle_valve_pct", "rf_reflected_W"]].median()
    assert (medians.max() / medians.min() > 1.01).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_chamber_wears_slowly_and_jumps_back_at_one_maintenance(seed: int) -> None:
    chamber = simulate(20_000, np.random.default_rng(seed))
    etching = (chamber.schedule.step == ETCH) & (chamber.schedule.recipe == 0) & (chamber.schedule.second > 20)
    reflected = pd.Series(chamber.ideal[etching, NAMES.index("rf_reflected_W")])
    change = reflected.groupby(chamber.schedule.run[etching]).median().pct_change().dropna()
    assert (change < -0.1).sum() == 1
    assert change.drop(change.idxmin()).between(-0.01, 0.06).all()


def test_the_jump_of_a_maintenance_is_not_labelled() -> None:
    fab = generate(20_000, 1, 0)
    etching = fab[fab["step"].eq("etch") & fab["anomaly"].eq(0) & fab["recipe"].eq("OXIDE_MAIN")]
    change = etching.groupby(["lot", "wafer"])["rf_reflected_W"].mean().pct_change()
    lot, wafer = change.idxmin()
    assert change.min() < -0.1
    assert fab.loc[fab["lot"].eq(lot) & fab["wafer"].eq(wafer), "anomaly"].eq(0).all()


def test_readings_are_rounded_and_stay_on_their_scale(fab: pd.DataFrame) -> None:
    for sensor in SENSORS:
        values = fab.loc[fab["fault_kind"] != "stuck_sensor", sensor.name]
        assert values.between(0, sensor.highest).all()
        assert (values.round(sensor.decimals) == values).all()


def test_the_korean_form_is_the_same_fab_in_korean(fab: pd.DataFrame) -> None:
    korean = generate(30_000, 3, 7, korean_columns=True)
    expected = ["시간", "장비ID", "배치번호", "웨이퍼", "레시피", "스텝", *(sensor.korean_name for sensor in SENSORS)]
    assert list(korean.columns) == [*expected, "이상여부", "결함종류"]
    assert (korean["이상여부"].eq("이상") == fab["anomaly"].eq(1)).all()
    assert set(korean["이상여부"]) == {"정상", "이상"}
    assert np.array_equal(korean[[sensor.korean_name for sensor in SENSORS]], fab[NAMES])
    assert "식각" in set(korean["스텝"])
    korean.to_csv(encoding="cp949")


@pytest.mark.parametrize(
    ("rows", "equipment", "seed", "field"),
    [(0, 1, 0, "rows"), (-5, 1, 0, "rows"), (10, 0, 0, "equipment"), (3, 4, 0, "equipment"), (10, 1, -1, "seed")],
)
def test_an_impossible_fab_is_refused_by_the_name_of_the_option(
    rows: int, equipment: int, seed: int, field: str
) -> None:
    with pytest.raises(InputError) as caught:
        generate(rows, equipment, seed)
    assert caught.value.field == field
    assert caught.value.hint()


@pytest.mark.parametrize("korean", [False, True])
def test_read_as_data_the_fab_does_not_show_its_answer(korean: bool) -> None:
    """The label is hidden from detection; what kind of fault it is would stand in each event as its context."""
    table = table_from_frame(generate(6_000, korean_columns=korean))
    label, kind = ("이상여부", "결함종류") if korean else ("anomaly", "fault_kind")
    assert table.roles[label] is Role.LABEL
    assert table.roles[kind] is Role.IGNORED
    assert not table.columns(Role.CONTEXT)
