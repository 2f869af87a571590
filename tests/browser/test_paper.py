"""What comes out of the printer: every chart, also those that nobody has scrolled to, and whose data they show."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

PAPER_PX = 690
# Pages with charts below the first screen, by a part of the address; RUN stands for a check of the demo.
PAGES = ("/problems/check?run=RUN", "/problems/groups?run=RUN", "/trends?run=RUN", "/problems/event?run=RUN&event=1")
_SHOWN = "[...document.querySelectorAll('.chart')].filter((one) => one.offsetParent)"


@pytest.fixture(scope="module")
def run(server: str) -> str:
    answer = httpx.post(f"{server}/detect", json={"detector": "statistical"}, timeout=120)
    return str(answer.json()["run"])


def before_print(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


@pytest.mark.parametrize("path", PAGES)
def test_every_chart_is_drawn_for_paper_though_nobody_has_scrolled_to_it(page: Page, run: str, path: str) -> None:
    page.goto(path.replace("RUN", run))
    expect(page.locator(".chart[data-drawn]:visible").first).to_be_attached(timeout=60_000)
    expect(page.locator(".chart:not([data-drawn]):visible")).to_have_count(0, timeout=60_000)
    before_print(page)
    expect(page.locator("#paper-head")).to_contain_text("waferwatch")
    expect(page.locator("#paper-head")).to_contain_text("printed")
    if "event?" not in path:  # it is printed across
        assert page.evaluate(
            f"{_SHOWN}.every((one) => one.layout.width === undefined || one.layout.width <= {PAPER_PX})"
        )
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(f"{_SHOWN}.every((one) => one._fullLayout.width > 100)")


def test_a_chart_that_is_not_there_yet_is_said_on_paper(page: Page, run: str) -> None:
    held: list[Route] = []
    page.route("**/plotly.min.js*", lambda route: held.append(route))
    page.goto(f"/trends?run={run}")
    expect(page.locator("#chart")).to_be_visible()
    expect(page.locator("#chart")).to_have_attribute("style", re.compile("height"))
    before_print(page)
    expect(page.locator("#chart")).to_have_class("chart undrawn")
    said = page.locator("#chart").evaluate("one => one.dataset.undrawn")
    assert said == "This chart was not drawn yet: close the preview, wait a moment and print again."
    held[0].continue_()
    expect(page.locator("#chart .main-svg").first).to_be_visible()
    expect(page.locator("#chart")).not_to_have_class("chart undrawn")


def test_the_data_and_no_form_are_on_paper(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.wait_for_load_state("networkidle")
    before_print(page)
    chosen = page.locator("#scope-dataset option:checked").inner_text()
    expect(page.locator("#paper-head")).to_contain_text(chosen)
    page.emulate_media(media="print")
    assert page.locator(":is(button.btn, input, select, textarea):visible").count() == 0
    page.goto("/monitors")
    expect(page.locator("#learn")).to_be_hidden()
