"""A reference table read like the table that it stands for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.errors import InputError, NotFoundError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.reference import known_normal, like, normal_series
from waferwatch.scoring.sensors import with_sensors_of
from waferwatch.series.split import split


def table_of(columns: dict[str, object], **options: object) -> Table:
    return table_from_frame(pd.DataFrame(columns), **options)  # type: ignore[arg-type]


def wafers(rows: int = 1200, **more: object) -> pd.DataFrame:
    """Wafers of thirty rows, in three steps."""
    rng = np.random.default_rng(0)
    place = np.arange(rows) % 30
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-01-05", periods=rows, freq="s"),
            "wafer": np.arange(rows) // 30,
            "recipe": "R1",
            "step": np.array(["a", "b", "c"])[place // 10],
            "p": 10.0 * (place // 10) + rng.normal(size=rows),
            "q": rng.normal(size=rows),
            **more,
        }
    )


def test_sensors_are_taken_by_name_in_the_order_of_the_table() -> None:
    good = table_of({"q": [10.0, 20.0], "extra": [0.5, 0.5], "p": [1.0, 2.0]})
    found = with_sensors_of(good, table_of({"p": [1.0, 2.0], "q": [10.0, 20.0]}))
    assert split(found).series[0].values.tolist() == [[1.0, 10.0], [2.0, 20.0]]
    assert split(found).features == ["p", "q"]


def test_a_missing_sensor_is_named() -> None:
    with pytest.raises(NotFoundError, match="lacks the columns q"):
        with_sensors_of(table_of({"p": [1.0]}, name="good.csv"), table_of({"p": [1.0], "q": [2.0]}))


def test_a_sensor_that_is_text_in_the_reference_is_named() -> None:
    with pytest.raises(InputError, match="column q of the reference"):
        with_sensors_of(table_of({"p": [1.0, 2.0], "q": ["a", "a"]}), table_of({"p": [1.0], "q": [2.0]}))


def test_each_scope_is_learnt_from_its_own_series_and_one_without_equipment_stands_for_all() -> None:
    series = split(table_of({"tool": list("BBCCAA"), "p": [1.0, 2, 3, 4, 5, 6]})).series
    assert list(normal_series(series)) == [("B",), ("C",), ("A",)]
    assert list(normal_series(split(table_of({"p": [1.0, 2.0]})).series)) == [()]
    assert [len(one) for one in known_normal(table_of({"p": np.arange(9.0)}), 4)[0]] == [4]


@pytest.mark.parametrize("lacking", ["recipe", "step", "wafer"])
@pytest.mark.parametrize("side", ["table", "reference"])
def test_what_only_one_of_table_and_reference_has_does_not_count(side: str, lacking: str) -> None:
    whole = wafers()
    bare = whole.drop(columns=lacking)
    table, reference = (bare, whole) if side == "table" else (whole, bare)
    found = waferwatch.detect(table, reference=reference, detector="statistical")
    both = waferwatch.detect(bare, reference=bare, detector="statistical")
    assert np.isfinite(found.scores).mean() > 0.9
    np.testing.assert_allclose(found.scores, both.scores, rtol=1e-6)


def test_a_reference_loses_the_groups_that_the_table_does_not_have() -> None:
    good = table_of({"lot": [1, 1, 2, 2], "p": [1.0, 2, 3, 4]}, group=["lot"])
    assert like(good, table_of({"p": [1.0]})).groups == ()


def test_a_model_of_recipe_steps_refuses_rows_without_them() -> None:
    model = waferwatch.fit(wafers(), detector="statistical")
    with pytest.raises(InputError, match="lacks the column of the step"):
        model.detect(wafers().drop(columns="step"))


def test_a_model_that_does_not_read_steps_takes_rows_without_them() -> None:
    model = waferwatch.fit(wafers(), detector="pca")
    assert np.isfinite(model.detect(wafers().drop(columns=["step", "recipe"])).scores).all()


def test_a_sensor_that_is_read_as_something_else_is_told_from_one_that_is_gone() -> None:
    frame = wafers()
    model = waferwatch.fit(frame, detector="squared_difference")
    with pytest.raises(InputError, match="no sensor q, which the model learnt from") as read_otherwise:
        model.fits(table_from_frame(frame, roles={"q": "context"}))
    assert read_otherwise.value.hint() == "Give these columns the role sensor."
    with pytest.raises(InputError, match="no sensor q") as gone:
        model.fits(table_from_frame(frame.drop(columns="q")))
    assert "add an empty column" in gone.value.hint()
