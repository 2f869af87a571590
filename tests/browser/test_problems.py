"""From a file to its problems, and from a problem to a verdict: with two clicks, by keys, on paper."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

_SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => { sum += one.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


def wafers() -> bytes:
    """Sixty wafers of one chamber in two steps; the flow of the main step is low on five of them."""
    random = np.random.default_rng(7)
    lines = ["time,equipment,lot,wafer,recipe,step,pressure,flow"]
    for wafer in range(60):
        for at in range(30):
            second = wafer * 60 + at
            stamp = f"2026-03-01 {9 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            low = 8 if 40 <= wafer < 45 and at >= 10 else 0
            pressure, flow = random.normal(50, 1), random.normal(100 - low, 1)
            step = "stabilise" if at < 10 else "etch"
            lines.append(f"{stamp},PM1,L{wafer // 25},{wafer % 25 + 1},ME,{step},{pressure:.2f},{flow:.2f}")
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def run(server: str) -> Iterator[str]:
    """A check of the demo with problems of wafers."""
    body = json.dumps({"detector": "statistical"}).encode()
    request = urllib.request.Request(f"{server}/detect", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        yield str(json.load(answer)["run"])


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]


def test_a_file_and_one_click_lead_to_its_problems(page: Page) -> None:
    page.goto("/data")
    page.set_input_files("#file", {"name": "etch.csv", "mimeType": "text/csv", "buffer": wafers()})
    expect(page.locator("#title")).to_have_text("etch.csv")
    page.click("#detect-on")
    expect(page.locator(".problem-list .problem").first).to_be_visible(timeout=60_000)
    expect(page.locator("h1")).to_contain_text("1 problem on PM1. 5 of 60 wafers are abnormal. Worst: flow -8")
    assert "check=1" not in page.url
    page.request.delete(f"/datasets/{page.locator('#scope-dataset').input_value()}")


def test_a_problem_is_found_opened_judged_and_left_by_keys(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator(".problem-list .problem").nth(1).get_attribute("data-problem")
    page.keyboard.press("o")
    expect(page.locator("h1")).to_contain_text(str(second))
    page.wait_for_load_state()  # keys are heard once the scripts have run
    page.keyboard.press("n")
    page.keyboard.type("seal, f j")
    page.keyboard.press("Tab")
    page.keyboard.press("t")
    expect(page.locator("button[value=true_alarm]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#said")).to_contain_text("true alarm · local")
    page.reload()
    expect(page.locator("#note")).to_have_value("seal, f j")
    page.click("#undo")
    expect(page.locator("#said")).to_have_text("Nobody has said yet what it was.")
    page.keyboard.press("k")
    expect(page.locator("h1")).not_to_contain_text(str(second))
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("Next problem")
    page.wait_for_timeout(300)  # colours fade in
    assert serious(page) == []
    page.check("#keys-off")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator("h1")).not_to_contain_text(str(second))
    page.evaluate("localStorage.clear()")


def test_the_scope_is_followed_as_it_is_chosen_and_stays_in_the_address(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.select_option("#scope-chamber", "ETCH-02")
    expect(page.locator("h1")).to_contain_text("on ETCH-02.")
    page.wait_for_url("**chamber=ETCH-02**")
    assert "recipe=" not in page.url
    page.locator(".lanes td a").first.click()
    page.wait_for_url("**start=**")
    expect(page.locator(".problem-list .problem").first).to_be_visible()
    page.click("text=Show all")
    expect(page.locator("h1")).to_contain_text("on 3 chambers.")


@pytest.mark.parametrize("width", [360, 390, 1280, 1440])
def test_neither_page_scrolls_sideways_or_shifts(page: Page, run: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/problems?run={run}")
    name = page.locator(".problem-list .problem").first.get_attribute("data-problem")
    for path in (f"/problems?run={run}", f"/problems/{name}?run={run}"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        assert page.evaluate(_SHIFTS) < 0.01


def test_one_problem_has_no_serious_fault_in_either_theme_on_desk_and_phone(page: Page, phone: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    name = page.locator(".problem-list .problem").first.get_attribute("data-problem")
    for one in (page, phone):
        one.goto(f"/problems/{name}?run={run}")
        for theme in ("light", "dark"):
            one.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            one.wait_for_timeout(200)  # for colours to have changed
            assert serious(one) == [], theme


def test_paper_holds_the_result_without_its_tools(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.emulate_media(media="print")
    for hidden in (".pages", ".scope", ".found-tools"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".lanes")).to_be_visible()
