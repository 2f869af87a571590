"""Every page by keyboard alone: whatever can be pressed is reached by the Tab key and shows where the focus is."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import serious_faults
from tests.browser.charts import see_chart

pytestmark = pytest.mark.browser

# RUN: a check of the demo, FIRST: its first problem.
PAGES = (
    "/problems?run=RUN",
    "/problems/FIRST?run=RUN",
    "/problems/event?run=RUN&event=1",
    "/problems/groups?run=RUN",
    "/problems/check?run=RUN",
    "/trends?run=RUN",
    "/trends/chambers?dataset=demo",
    "/pm?dataset=demo",
    "/monitors",
    "/monitors/compare",
    "/data?dataset=demo",
    "/data/checks",
    "/watch",
)
_CAN_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex]"
# What looks as if it could be pressed, and is neither part of what can be focused nor holds such a thing.
_MOUSE_ALONE = f"""() => [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility({{ visibilityProperty: true }}) && getComputedStyle(one).cursor === 'pointer')
  .filter((one) => !one.closest('{_CAN_FOCUS}, label, .legend, .modebar') && !one.querySelector('{_CAN_FOCUS}'))
  .map((one) => one.outerHTML.slice(0, 120))"""
_STOPS = f"""() => [...document.querySelectorAll('{_CAN_FOCUS}')].filter((one) =>
  one.tabIndex >= 0 && !one.disabled && one.checkVisibility({{ visibilityProperty: true }})
  && !(one.type === 'radio' && !one.checked)).length"""
# Goes on from the element before; answers what has the focus, and null once everything has had it.
_STEP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.dataset.walked) return null;
  one.dataset.walked = '1';
  const { width, height } = one.getBoundingClientRect();
  return { html: one.outerHTML.slice(0, 120), seen: width > 0 && height > 0 };
}"""


@pytest.fixture(scope="module")
def made(server: str) -> dict[str, str]:
    run = httpx.post(f"{server}/detect", json={"detector": "statistical"}, timeout=120).json()["run"]
    problems = httpx.get(f"{server}/runs/{run}/problems", timeout=60).json()["problems"]
    return {"RUN": run, "FIRST": problems[0]["name"]}


@pytest.mark.parametrize("path", PAGES)
def test_whatever_can_be_pressed_is_reached_by_the_tab_key(page: Page, made: dict[str, str], path: str) -> None:
    for name, value in made.items():
        path = path.replace(name, value)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(_MOUSE_ALONE) == []
    wanted, walked = page.evaluate(_STOPS), 0
    page.evaluate("document.body.focus()")
    for _ in range(wanted + 50):
        page.keyboard.press("Tab")
        step = page.evaluate(_STEP)
        if step is None:
            break
        assert step["seen"], step["html"]
        walked += 1
    assert walked >= wanted - 1, (walked, wanted)  # from the last one the browser may leave the page


def test_a_figure_is_zoomed_saved_and_its_lines_hidden_by_keys(page: Page, made: dict[str, str]) -> None:
    page.goto(f"/problems/event?run={made['RUN']}&event=1")
    see_chart(page, "#course", 60_000)
    tools = page.locator("#course .modebar-btn")
    expect(tools.first).to_have_attribute("tabindex", "0")
    tools.first.focus()
    page.keyboard.press("End")
    expect(tools.last).to_be_focused()
    expect(page.locator("#course .modebar")).to_have_css("opacity", "1")
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    assert taken.value.suggested_filename == "waferwatch-course.svg"
    line = page.locator("#course .legend .traces").first
    line.focus()
    expect(line).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "false")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "true")
    assert serious_faults(page) == []
