"""Where the rows of a table stand when an event is explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.explain.made import PERIOD, POINTS, fab, scene_of
from waferwatch.explain.explanation import explain
from waferwatch.explain.scene import lay_out
from waferwatch.explain.spot import spot_of
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.split import split


def wafers() -> pd.DataFrame:
    """The small fab with a wafer for each pass of the recipe, and a minute between two wafers."""
    frame = fab(2)
    wafer = np.tile(np.arange(POINTS) // PERIOD, 2)
    frame["lot"], frame["wafer"] = "L1", wafer
    frame["time"] += pd.to_timedelta(wafer * 60, unit="s")
    return frame


def table_of(frame: pd.DataFrame) -> Table:
    table = table_from_frame(frame)
    assert "wafer" not in table.groups
    return table


def test_where_wafers_were_runs_an_equipment_is_one_stretch() -> None:
    table = table_of(wafers())
    cut = split(table).layout
    assert cut.by_wafer
    layout = lay_out(table, cut=cut)
    assert [len(one) for one in layout.stretches] == [POINTS, POINTS]


def test_an_event_over_several_wafers_is_explained_as_a_whole() -> None:
    frame = wafers()
    first, last = 10 * PERIOD + 20, 13 * PERIOD - 1
    scene = scene_of(
        frame, [(first, last, "pressure", 30.0)], layout=lay_out(table_of(frame), cut=SeriesLayout(by_wafer=True))
    )
    event = replace(scene.found.events[0], start_row=first, end_row=last, rows=last - first + 1)
    scene = replace(scene, found=replace(scene.found, events=[event]))
    assert spot_of(scene, 1).points == last - first + 1
    assert explain(scene, 1).ranking[0].sensor == "pressure"


def test_an_event_that_leaves_its_stretch_is_shown_to_the_end_of_it() -> None:
    frame = fab(1)
    frame.loc[600:, "time"] += pd.Timedelta(hours=2)
    scene = scene_of(frame, [(580, 599, "pressure", 30.0)])
    assert len(scene.layout.stretches) == 2
    event = replace(scene.found.events[0], end_row=620)
    spot = spot_of(replace(scene, found=replace(scene.found, events=[event])), 1)
    assert (spot.first, spot.last) == (580, 599)
