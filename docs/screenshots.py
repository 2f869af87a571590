"""The screenshots of the README files, from a server that runs on a new data folder.

python docs/screenshots.py http://127.0.0.1:5100

The demo is judged by the default detector with the default settings; each page is then drawn in the language and size
that its file name says. The files lie beside this script. Needs Debian's Chromium and the package playwright.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parent
LOCALES = {"en": "en-US", "ko": "ko-KR"}
GOLDEN_ROWS = "2200"  # of each chamber of the demo, as the server checks it by itself
WAIT_MS = 900_000  # for a detection, on a slow machine


def main(arguments: Sequence[str]) -> int:
    """Take all of them. The one argument is the server's address."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        take_all(browser, arguments[0])
        browser.close()
    return 0


def take_all(browser: Browser, address: str) -> None:
    first = open_page(browser, address, "en", 1000)
    found = first.request.post("/detect", data={"reference_rows": int(GOLDEN_ROWS)}, timeout=WAIT_MS).json()
    run, worst = found["run"], found["headline"]["event"]
    for language in LOCALES:
        problems = f"/problems?run={run}"
        take(open_page(browser, address, language, 1000), problems, ".problem-list", f"screenshot-{language}")
        event = f"/problems/event?run={run}&event={worst}"
        take(open_page(browser, address, language, 1000), event, "#course .main-svg", f"screenshot-event-{language}")
    phone = open_page(browser, address, "ko", 844, width=390, has_touch=True, is_mobile=True)
    take(phone, f"/problems?run={run}", ".problem-list", "screenshot-phone")
    groups = f"/problems/groups?run={run}"
    take(open_page(browser, address, "en", 1300), groups, "#overlay-chart .main-svg", "screenshot-groups")
    compare = open_page(browser, address, "en", 1300)
    compare.goto("/monitors/compare")
    compare.fill("#reference", GOLDEN_ROWS)
    compare.click("#compare")
    compare.wait_for_selector("#found:not([hidden])", timeout=WAIT_MS)
    save(compare, "screenshot-compare")


def open_page(browser: Browser, address: str, language: str, height: int, width: int = 1440, **more: Any) -> Page:
    viewport = {"width": width, "height": height}
    context = browser.new_context(base_url=address, locale=LOCALES[language], viewport=viewport, **more)  # type: ignore[arg-type]
    return context.new_page()


def take(page: Page, path: str, ready: str, name: str) -> None:
    page.goto(path)
    page.mouse.move(2, 2)  # charts below the screen are drawn once somebody does something
    page.locator(ready).first.wait_for(state="visible", timeout=WAIT_MS)
    save(page, name)


def save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # for figures to be drawn
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
