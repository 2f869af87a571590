"""Figures as still pictures: well-formed, inside their frame, and harmless whatever the data are called."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.export.svg.picture import picture
from waferwatch.export.svg.scales import date_ticks, linear_ticks, make_scale, number_label
from waferwatch.export.svg.words import cut, escaped, plain
from waferwatch.grouping.counts import count_groups
from waferwatch.scoring.question import Question
from waferwatch.scoring.run import detect_table
from waferwatch.store.demo import make_demo
from waferwatch.web.figures.correlation import correlation_figure
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.figures.lines import lay_out
from waferwatch.web.figures.score import score_figure
from waferwatch.web.figures.style import empty
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.html.language import Translator

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, Any]]:
    """Every kind of figure that a report draws, of the demo."""
    table, translate = make_demo(), Translator("en")
    found = detect_table(table, Question(detector="squared_difference", contamination=0.01))
    sensor = found.features[0]
    return {
        "series": time_figure(table, lay_out(table), sensor, Window(500), translate, found),
        "distribution": distribution_figure(table, sensor, found, translate),
        "score": score_figure(found, translate),
        "correlation": correlation_figure(table, found.features, found, translate, "difference"),
        "groups": groups_figure(count_groups(table, "equipment", found), "equipment", sensor, translate),
        "empty": empty("Nothing to see."),
    }


def parsed(figure: dict[str, Any], title: str = "x", **size: int) -> ElementTree.Element:
    return ElementTree.fromstring(picture(figure, title, **size))


@pytest.mark.parametrize("name", ["series", "distribution", "score", "correlation", "groups", "empty"])
def test_every_figure_of_a_report_can_be_drawn(figures: dict[str, dict[str, Any]], name: str) -> None:
    text = picture(figures[name], name)
    root = ElementTree.fromstring(text)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == name
    assert "nan" not in text.lower()
    assert len(text) < 200_000
    if name == "empty":
        assert "".join(root.itertext()) == "Nothing to see."
    else:
        assert sum(len(root.findall(f".//{SVG}{tag}")) for tag in ("path", "rect")) > 3


def line(values: list[float | None], **layout: Any) -> dict[str, Any]:
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": list(range(len(values))),
        "y": values,
        "line": {"color": "#123456"},
    }
    return {"data": [trace], "layout": layout}


def points_of(root: ElementTree.Element) -> list[tuple[float, float]]:
    drawn = next(path for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == "#123456")
    return [(float(one), float(two)) for one, two in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", drawn.attrib["d"])]


def test_higher_values_stand_higher_and_later_ones_to_the_right() -> None:
    points = points_of(parsed(line([1.0, 3.0, 2.0])))
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[1][1] < points[2][1] < points[0][1]


def test_a_gap_is_not_drawn_across() -> None:
    root = parsed(line([1.0, 2.0, None, 4.0, 5.0]))
    drawn = next(path for path in root.iter(f"{SVG}path") if path.attrib.get("stroke") == "#123456")
    assert drawn.attrib["d"].count("M") == 2


@given(st.lists(st.none() | st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_any_values_stay_inside_the_frame(values: list[float | None]) -> None:
    text = picture(line(values), "x", 400, 200)
    root = ElementTree.fromstring(text)
    if any(value is not None for value in values):
        for across, down in points_of(root):
            assert 0 <= across <= 400
            assert -1 <= down <= 201
    assert "nan" not in text


@given(st.text(max_size=40))
def test_any_name_is_words_and_never_markup(name: str) -> None:
    figure = line(
        [1.0, 2.0], xaxis={"title": {"text": name.replace("&", "&amp;").replace("<", "&lt;")}}, showlegend=True
    )
    figure["data"][0]["name"] = f"</svg><script>{name}"
    root = parsed(figure, f'"><script>{name}')
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {"svg", "path", "rect", "text", "g"}
    assert not [key for one in root.iter() for key in one.attrib if key.startswith("on") or key.endswith("href")]


def test_bars_begin_at_zero_and_overlay_each_other() -> None:
    bars = {"type": "bar", "x": [0, 1], "y": [2.0, 4.0], "marker": {"color": ["#111111", "#222222"]}}
    rects = {one.attrib.get("fill"): one.attrib for one in parsed({"data": [bars], "layout": {}}).iter(f"{SVG}rect")}
    low, high = rects["#111111"], rects["#222222"]
    assert float(high["height"]) == pytest.approx(2 * float(low["height"]), rel=0.01)
    assert float(low["y"]) + float(low["height"]) == pytest.approx(float(high["y"]) + float(high["height"]), abs=0.2)


def test_an_unknown_kind_of_trace_is_refused() -> None:
    with pytest.raises(ValueError, match="pie"):
        picture({"data": [{"type": "pie", "x": [], "y": []}], "layout": {}}, "x")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_ticks_lie_inside_and_are_few(low: float, span: float, most: int) -> None:
    high = low + span
    ticks = linear_ticks(low, high, most)
    assert len(ticks) <= most + 2
    assert all(low - span * 1e-6 <= value <= high + span * 1e-6 for value, _ in ticks)


@pytest.mark.parametrize(
    ("value", "step", "form", "label"),
    [
        (1500.0, 500, "", "1,500"),
        (0.25, 0.05, "", "0.25"),
        (-0.0, 0.1, "", "0"),
        (0.1, 0.1, ".0%", "10%"),
        (0.005, 0.005, ".1~%", "0.5%"),
        (2e9, 1e9, "", "2e+09"),
        (12.0, 1, ",d", "12"),
    ],
)
def test_numbers_have_the_digits_that_their_step_needs(value: float, step: float, form: str, label: str) -> None:
    assert number_label(value, step, form) == label


def test_times_are_labelled_as_people_read_them() -> None:
    scale = make_scale({"type": "date", "range": ["2026-03-01T23:50:00", "2026-03-02T00:20:00"]}, [], 0, 300)
    assert [label for _, label in scale.ticks(3)] == ["23:50", "03-02", "00:10", "00:20"]
    assert [label for _, label in date_ticks(0, 86400 * 30, 3)] == [
        "1970-01-01",
        "1970-01-11",
        "1970-01-21",
        "1970-01-31",
    ]
    assert [label for _, label in date_ticks(0, 0.3, 3)] == [
        "00:00:00.000",
        "00:00:00.100",
        "00:00:00.200",
        "00:00:00.300",
    ]


def test_logarithms_show_powers_of_ten() -> None:
    scale = make_scale({"type": "log", "range": [0, 4]}, [], 100, 0)
    assert scale.ticks(5) == [(100, "1"), (75, "10"), (50, "100"), (25, "1000"), (0, "10000")]
    assert math.isnan(scale.pixels([0])[0])


def test_words_are_read_as_plotly_would_and_written_as_text() -> None:
    assert plain("a &lt;b&gt;<br>c &amp;amp;") == "a <b> c &amp;"
    assert escaped("<b \x00\x1b'\">") == "&lt;b ��&#x27;&quot;&gt;"
    assert cut("abcdef", 4) == "abc…"
