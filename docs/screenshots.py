"""Screenshots, from a server that runs on a new data folder.

python docs/screenshots.py http://127.0.0.1:5100
python docs/screenshots.py http://127.0.0.1:5100 --every FOLDER [--file etch.csv] [--pm maintained.csv]

The first call takes those of the README files, which lie next to this script: the demo is judged by the default
detector with the default settings, and each page is drawn in the language and size that its file name says. The
second takes every page in English and Korean, 1440 and 390 px wide, light and dark, whole, as
NAME-LANGUAGE-WIDTH-THEME.png, with the demo as a live source; with files, the pages of a check and PM check show those
instead of the demo. Needs Debian's Chromium and the package playwright.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parent
LOCALES = {"en": "en-US", "ko": "ko-KR"}
THEMES = ("light", "dark")
SIZES = {1440: 900, 390: 844}
QUICK = {"detector": "statistical"}
GOLDEN_ROWS = "2200"  # of each chamber of the demo, as the server checks it by itself
WAIT_MS = 900_000  # for a detection, on a slow machine
READY_MS = 60_000  # for a page


def main(arguments: Sequence[str]) -> int:
    """Take those of the README files, or of every page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("address", help="of a server on a new data folder")
    parser.add_argument("--every", type=Path, metavar="FOLDER", help="take every page into this folder")
    parser.add_argument("--file", type=Path, help="data to show instead of the demo; with --every")
    parser.add_argument("--pm", type=Path, help="data with a maintenance; with --every")
    parser.add_argument("--only", default="", help="only pages whose name has this in it; with --every")
    options = parser.parse_args(arguments)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        if options.every is None:
            take_all(browser, options.address)
        else:
            take_every(browser, options)
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


def take_every(browser: Browser, options: argparse.Namespace) -> None:
    options.every.mkdir(parents=True, exist_ok=True)
    first = open_page(browser, options.address, "en", 900)
    pages = {
        name: made for name, made in every_page(first.request, options.file, options.pm).items() if options.only in name
    }
    first.context.close()
    for language, (width, height), theme in product(LOCALES, SIZES.items(), THEMES):
        phone = {"has_touch": True, "is_mobile": True} if width < 600 else {}
        page = open_page(browser, options.address, language, height, width, color_scheme=theme, **phone)
        for name, (path, ready) in pages.items():
            take_whole(page, path, ready, options.every / f"{name}-{language}-{width}-{theme}.png")
        page.context.close()


def every_page(request: APIRequestContext, file: Path | None, pm: Path | None) -> dict[str, tuple[str, str]]:
    """Name of each page, with its address and what is seen once it is ready."""
    chosen = {"dataset": uploaded(request, file)} if file else {}
    dataset = chosen.get("dataset", "demo")
    known = {} if file else {"reference_rows": int(GOLDEN_ROWS)}
    run = request.post("/detect", data=chosen | known | QUICK, timeout=WAIT_MS).json()["run"]
    name = request.get(f"/runs/{run}/problems", timeout=WAIT_MS).json()["problems"][0]["name"]
    compared = ended(
        request, "/runs", {"kind": "comparison", "detectors": ["statistical", "squared_difference"], **chosen}
    )
    ended(request, "/monitors", {"name": "etch", **QUICK, **chosen})
    maintained = uploaded(request, pm) if pm else dataset
    play(request)
    return {
        "problems": (f"/problems?run={run}", ".problem-list"),
        "problem": (f"/problems/{name}?run={run}&checks=1", "#checks"),
        "event": (f"/problems/event?run={run}&event=1", "#course"),
        "share": (f"/problems/groups?run={run}", "main h1"),
        "check": (f"/problems/check?run={run}", "#found"),
        "trends": (f"/trends?run={run}", "#chart"),
        "chambers": (f"/trends/chambers?dataset={dataset}", "main"),
        "pm": (f"/pm?dataset={maintained}", "#word"),
        "monitors": ("/monitors", "#learn-form"),
        "monitor": ("/monitors/etch", "main"),
        "golden": ("/golden-sets", "main"),
        "golden-set": ("/golden-sets/etch/1", "main"),
        "compare": (f"/monitors/compare?run={compared}", "#found"),
        "data": (f"/data?dataset={dataset}", "#quality-pane[aria-busy=false]"),
        "checks": ("/data/checks", "#runs li"),
        "watch": ("/watch", "#need .alarm"),
        "wall": ("/watch?wall=1", "#need .alarm"),
        "nowhere": ("/nowhere", "h1"),
    }


def play(request: APIRequestContext) -> None:
    """The demo as a live source, until it has an alarm."""
    ended(request, "/monitors", {"name": "demo-live", **QUICK})
    request.post("/live/replays", data={"dataset": "demo", "source": "demo", "speed": 600, "monitor": "demo-live"})
    until = time.monotonic() + READY_MS / 1000
    while not request.get("/alarms").json()["alarms"] and time.monotonic() < until:
        time.sleep(1)


def uploaded(request: APIRequestContext, file: Path) -> str:
    content = {"name": file.name, "mimeType": "application/octet-stream", "buffer": file.read_bytes()}
    return str(request.post("/datasets", multipart={"file": content}, timeout=WAIT_MS).json()["id"])


def ended(request: APIRequestContext, path: str, body: dict[str, Any]) -> str:
    """Start a run and wait for its end."""
    run = request.post(path, data=body, timeout=WAIT_MS).json()
    while run["state"] in ("queued", "running"):
        time.sleep(1)
        run = request.get(f"/runs/{run['id']}").json()
    return str(run["id"])


def take_whole(page: Page, path: str, ready: str, target: Path) -> None:
    """From top to bottom, with every chart drawn."""
    page.goto(path)
    page.mouse.move(2, 2)
    page.locator(ready).first.wait_for(state="visible", timeout=READY_MS)
    for part in down(page):
        page.evaluate("to => scrollTo(0, to)", part)
        page.wait_for_timeout(200)
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(3, 3)
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)  # for figures to be drawn
    page.screenshot(path=target, full_page=True)


def down(page: Page) -> Iterator[int]:
    """Places to scroll to, until the end."""
    at, step = 0, int(page.evaluate("innerHeight"))
    while at < int(page.evaluate("document.documentElement.scrollHeight")):
        yield at
        at += step


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
