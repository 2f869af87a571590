"""Every page at every width in both languages: nothing is scrolled sideways, neither the page nor a list in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import fits
from tests.browser.test_exports import PAGES, made

pytestmark = pytest.mark.browser

__all__ = ["made"]  # the fixture

WIDTHS = (360, 390, 1280, 1440)
LOCALES = ("en-US", "ko-KR")
# What is shown in part where it is narrow: the rows of a file, charts, and tables that cross two things.
_WIDE = ".rows-table, .grid-box, .wide-chart, .matrix-wrap, .chart, .pages, .nav-underline, svg"
_SIDEWAYS = f"""() => [...document.querySelectorAll('main, main *')]
  .filter((one) => one.checkVisibility() && !one.closest('{_WIDE}'))
  .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${{one.tagName}}.${{one.className}}#${{one.id}} ${{one.scrollWidth}} > ${{one.clientWidth}}`)"""


@pytest.fixture(scope="module", params=LOCALES)
def reader(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in one of the languages."""
    context = browser.new_context(base_url=server, locale=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_scrolled_sideways(reader: Page, made: dict[str, str], path: str) -> None:
    address = path
    for name, value in made.items():
        address = address.replace(name, value)
    reader.set_viewport_size({"width": WIDTHS[0], "height": 800})
    reader.goto(address)
    expect(reader.locator(PAGES[path]).first).to_be_attached(timeout=60_000)
    reader.wait_for_load_state("networkidle")
    for width in WIDTHS:
        reader.set_viewport_size({"width": width, "height": 800})
        assert fits(reader), width
        assert reader.evaluate(_SIDEWAYS) == [], width
