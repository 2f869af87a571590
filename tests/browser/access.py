"""What axe-core finds on a page, and whether it has to be scrolled sideways."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_FOUND_ONLY = {"resultTypes": ["violations"]}  # what passes is not written out: on a page of charts that takes seconds
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def serious_faults(page: Page, *, colours_only: bool = False) -> list[str]:
    """Serious and critical faults: the rule and the element.

    Args:
        colours_only: only the rule of contrasts, for the second theme of a page: everything else is the same in both.
    """
    options = _FOUND_ONLY | (_COLOURS if colours_only else {})
    return [
        f"{fault['id']}: {node['html'][:150]}"
        for fault in Axe().run(page, options=options).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def faults_in_both_themes(page: Page) -> list[str]:
    """The same, light and dark, without loading the page again: it follows the system's theme."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.wait_for_timeout(200)  # for figures to be drawn anew
        found += [f"{theme}: {fault}" for fault in serious_faults(page, colours_only=theme == "dark")]
    return found


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
