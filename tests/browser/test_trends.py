"""Trends and PM check in a browser: from the worst place to a trace, a mark by dragging, and an answer on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.charts import see_chart
from tests.browser.conftest import _serve
from tests.commands.test_monitor_commands import fab_rows
from tests.web.pages.test_pm import AT, maintained

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own: what other tests say of the demo changes what is asked for here."""
    yield from _serve(tmp_path_factory.mktemp("trends"))


@pytest.fixture(scope="module")
def api(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=60) as client:
        yield client


def uploaded(api: httpx.Client, name: str, content: bytes) -> str:
    return str(api.post("/datasets", files={"file": (name, content)}).json()["id"])


@pytest.fixture(scope="module")
def run(api: httpx.Client) -> Iterator[str]:
    """Thirty wafers on two chambers, one of them bad."""
    made = uploaded(api, "trend.csv", fab_rows(30, leak=24).to_csv(index=False).encode())
    body = {"dataset": made, "detector": "squared_difference"}
    yield str(api.post("/detect", json=body).json()["run"])
    api.delete(f"/datasets/{made}")


@pytest.fixture(scope="module")
def dataset(api: httpx.Client) -> Iterator[str]:
    made = uploaded(api, "pm.csv", maintained().to_csv(index=False).encode())
    yield made
    api.delete(f"/datasets/{made}")


def check_access(page: Page) -> None:
    assert faults_in_both_themes(page) == []
    assert fits(page)


def drag(page: Page, start: float, end: float) -> None:
    """Over the first panel, from one share of the figure's width to another."""
    page.locator("#chart").scroll_into_view_if_needed()
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle + 5, steps=4)
    page.mouse.up()


def test_from_the_worst_place_to_the_trace_of_a_wafer_and_a_mark(page: Page, run: str) -> None:
    page.goto(f"/trends?run={run}")
    expect(page.locator("#worst button").first).to_contain_text("flow mean")
    expect(page.locator("#sentence")).to_contain_text("PM2")
    see_chart(page, "#chart")
    expect(page.locator("#panels")).to_contain_text("PM2: 30 wafers, 1 beyond, first L2 / W4")
    check_access(page)
    expect(page.locator("#chart[data-drawn]")).to_be_visible()
    drag(page, 0.1, 0.4)
    expect(page.locator("#chosen-text")).to_contain_text("PM1")
    page.get_by_role("button", name="Mark normal").click()
    expect(page.locator("#mark-list")).to_contain_text("normal · PM1")
    page.get_by_role("link", name="Learn a monitor from what is marked").click()
    expect(page.locator("#learn-wafers")).to_have_value(re.compile("L0/W5, L0/W6, L0/W7"))
    page.go_back()
    page.locator("#grid td.severe, #grid td.clear").first.focus()
    page.keyboard.press("Enter")
    page.goto(page.url + "&wafer=25")
    see_chart(page, "#trace-chart")


def test_on_a_phone_the_first_screen_says_whether_the_tool_is_back(phone: Page, dataset: str) -> None:
    phone.goto(f"/pm?dataset={dataset}")
    expect(phone.locator("#word")).to_have_text("✗ 미복귀")
    expect(phone.locator("#proposal")).to_have_value(AT)
    expect(phone.locator("#lines li").nth(1)).to_contain_text("pressure")
    assert phone.locator("#lines").evaluate("list => list.getBoundingClientRect().bottom") <= 740
    see_chart(phone, "#check-trace")
    check_access(phone)


def test_the_trends_fit_a_phone(phone: Page, run: str) -> None:
    phone.goto(f"/trends?run={run}")
    see_chart(phone, "#chart")
    phone.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    check_access(phone)


def test_the_demo_shows_its_values_and_what_limits_still_need(page: Page) -> None:
    page.goto("/trends?dataset=demo")
    expect(page.locator("#sentence")).to_contain_text("No limits yet", timeout=60_000)
    expect(page.locator("#worst button").first).to_contain_text("spreads below the middle of")
    expect(page.locator("#coverage-rows tr")).to_have_count(9)
    see_chart(page, "#chart")
    expect(page.locator("#panels")).to_contain_text("missing")
    page.locator("#grid td").nth(3).click()
    expect(page.locator("#trend-title")).to_contain_text("etch")
    check_access(page)


def test_limits_come_when_all_wafers_are_learnt_from(page: Page, api: httpx.Client) -> None:
    few = api.post("/detect", json={"dataset": "demo", "detector": "squared_difference", "reference_rows": 2200}).json()
    page.goto(f"/trends?run={few['run']}")
    expect(page.locator("#sentence")).to_contain_text("No limits yet")
    page.get_by_role("button", name="Detect again, learning from all wafers").click()
    expect(page.locator("#sentence")).to_contain_text("indicators are beyond their limits", timeout=60_000)
    expect(page.locator("#coverage-fold")).not_to_have_attribute("open", "")


def test_plotly_is_not_loaded_before_a_chart_comes_on_the_screen(phone: Page, run: str) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(f"/problems/groups?run={run}")
    expect(phone.locator("#overlay-about")).not_to_be_empty()
    assert [one for one in asked if "plotly.min" in one] == []
    see_chart(phone, "#overlay-chart")
    assert len([one for one in asked if "plotly.min" in one]) == 1


def test_chambers_are_compared_and_lead_to_their_trend(page: Page, run: str) -> None:
    page.goto(f"/trends?run={run}")
    page.get_by_role("link", name="Chamber matching").click()
    expect(page.locator("#sentence")).to_contain_text("of 15 have too few wafers to tell")
    expect(page.locator("#indicators > li")).not_to_have_count(0)
    expect(page.locator("#indicators .range").first).to_be_visible()
    check_access(page)
    page.select_option("#verdict", "matched")
    expect(page).to_have_url(re.compile("verdict=matched"))
    expect(page.locator("#indicators tr.different")).to_have_count(0)
    with page.expect_download() as saved:
        page.click("#csv")
    assert saved.value.suggested_filename.endswith("chambers.csv")
    page.locator("#indicators h3 a").first.click()
    expect(page.locator("#trend-title")).to_contain_text("·")


def test_chambers_are_compared_on_a_phone_in_korean(phone: Page, run: str) -> None:
    phone.goto("/trends/chambers")
    expect(phone.locator("#indicators > li")).not_to_have_count(0)
    check_access(phone)


def test_wafers_are_selected_marked_and_limited_by_keyboard_alone(page: Page, api: httpx.Client) -> None:
    made = uploaded(api, "keys.csv", fab_rows(30).to_csv(index=False).encode())
    run = api.post("/detect", json={"dataset": made, "detector": "squared_difference"}).json()["run"]
    page.goto(f"/trends?run={run}")
    see_chart(page, "#chart")
    page.keyboard.press("b")
    expect(page.locator("#from-wafer")).to_be_focused()
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.type("9")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-text")).to_contain_text("wafers")
    page.locator("#chart").focus()
    page.keyboard.press("x")
    expect(page.locator("#mark-list li")).to_have_count(1)
    page.locator("#limits-fold summary").focus()
    page.keyboard.press("Enter")
    page.locator("#upper").focus()
    page.keyboard.type("-1000")  # below whatever indicator is open
    page.keyboard.press("Enter")
    expect(page.locator("#limits-on")).to_contain_text("-1000")
    expect(page.locator("#panels")).to_contain_text("30 beyond")
    api.delete(f"/datasets/{made}")
