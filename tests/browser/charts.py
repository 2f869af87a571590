"""Charts are drawn once they come on the screen: tests go to them, as people do."""

from __future__ import annotations

from playwright.sync_api import Page


def see_chart(page: Page, chart: str, timeout: float = 20_000) -> None:
    """Scroll to a chart and wait until it is drawn.

    Args:
        chart: a selector.
        timeout: in milliseconds.
    """
    page.locator(chart).scroll_into_view_if_needed(timeout=timeout)
    # Not expect(): it writes down the whole page for its message each time that the chart is not there yet.
    page.locator(f"{chart} .main-svg").first.wait_for(timeout=timeout)
