"""A chamber looks the same wherever it is drawn, on the page and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import waferwatch
from waferwatch.export.svg.colours import LIGHT, on_paper
from waferwatch.web.figures.wafers.chambers import SLOTS, chamber_styles

CSS = Path(waferwatch.__file__).parent / "web" / "static" / "app.css"


def slots(*names: str) -> dict[str, int]:
    return {name: style.slot for name, style in chamber_styles(names).items()}


def test_chambers_take_their_own_number_and_others_the_next_free_one() -> None:
    assert slots("ETCH01-PM3", "ETCH01-PM1", "spare") == {"ETCH01-PM1": 1, "ETCH01-PM3": 3, "spare": 2}
    assert slots("CVD CHB", "CVD CHA") == {"CVD CHA": 1, "CVD CHB": 2}
    assert slots("A-PM1", "B-PM1") == {"A-PM1": 1, "B-PM1": 2}
    assert len(set(slots(*(f"PM{at}" for at in range(1, SLOTS + 1))).values())) == SLOTS


def test_of_more_chambers_than_styles_each_keeps_its_own_number() -> None:
    found = slots(*(f"T{tool}-PM{at}" for tool in range(4) for at in range(1, 7)), "loader")
    assert (found["T3-PM6"], found["loader"]) == (6, 0)


def test_paper_has_the_colours_of_the_light_theme() -> None:
    light = CSS.read_text("utf-8").split('[data-bs-theme="dark"]')[0]
    known = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", light))
    assert {name: known[name] for name in LIGHT} == dict(LIGHT)
    figure = {"line": {"color": "var(--chamber-2)"}, "x": [1, 2], "text": ["var", "a"]}
    assert on_paper(figure) == {"line": {"color": "#2a9d8f"}, "x": [1, 2], "text": ["var", "a"]}
