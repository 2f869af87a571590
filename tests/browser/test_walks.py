"""The four things that an engineer does every morning, by as many clicks as docs/pages.md says."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.charts import see_chart
from tests.browser.conftest import _serve, leave_and_delete
from tests.browser.test_problems import wafers
from tests.browser.test_trends import drag
from tests.commands.test_monitor_commands import fab_rows
from tests.web.pages.test_pm import maintained

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, with nothing but the demo."""
    yield from _serve(tmp_path_factory.mktemp("walks"))


class Hand:
    """Counts what the hand does: clicks and drags, files chosen, words typed."""

    def __init__(self) -> None:
        self.clicks = 0
        self.typed = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def choose_file(self, page: Page, name: str, content: bytes) -> None:
        page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
        self.clicks += 1


def test_the_first_minute_from_the_demo_to_a_problem_and_the_true_faults(page: Page) -> None:
    hand = Hand()
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("problems on 3 chambers. ", timeout=120_000)
    hand.click(page.locator(".problem-list .row-link").first)
    expect(page.locator(".drawing").first).to_be_visible()
    expect(page.locator("#moved-table, #sensors-table").first).to_be_visible()
    page.go_back()
    hand.click(page.locator("#show-faults"))
    expect(page.locator("#true-faults")).to_contain_text("labelled faults were found")
    assert hand.clicks == 2


def test_the_own_file_is_judged_by_two_clicks(page: Page) -> None:
    hand = Hand()
    page.goto("/data")
    hand.choose_file(page, "etch.csv", wafers())
    expect(page.locator("#title")).to_have_text("etch.csv")
    hand.click(page.locator("#detect-on"))
    expect(page.locator("h1")).to_contain_text("1 problem on PM1. 5 of 60 wafers are abnormal.", timeout=60_000)
    assert hand.clicks == 2
    leave_and_delete(page, f"/datasets/{page.locator('#scope-dataset').input_value()}")


def test_from_an_alarm_to_its_cause_and_what_it_was_by_two_clicks(page: Page) -> None:
    hand = Hand()
    page.goto("/problems")
    hand.click(page.locator(".problem-list .row-link").first)
    for shown in ("#trace-title", ":is(#moved-title, #sensors-title)", "#alone-title", "#similar-title"):
        expect(page.locator(shown)).to_be_visible()
    hand.click(page.locator("#verdict button[value=true_alarm]"))
    expect(page.locator("#said")).to_contain_text("true alarm · local")
    assert hand.clicks == 2
    page.locator("#undo").click()
    expect(page.locator("#said")).to_have_text("Nobody has said yet what it was.")


def test_from_a_brush_to_a_limit_in_use(page: Page, server: str) -> None:
    with httpx.Client(base_url=server, timeout=120) as api:
        content = fab_rows(60).to_csv(index=False).encode()
        made = api.post("/datasets", files={"file": ("brush.csv", content)}).json()["id"]
        run = api.post("/detect", json={"dataset": made, "detector": "statistical"}).json()["run"]
    hand = Hand()
    page.goto(f"/trends?run={run}")
    see_chart(page, "#chart")
    expect(page.locator("#chart[data-drawn]")).to_be_visible()
    drag(page, 0.02, 0.98)
    hand.clicks += 1
    hand.click(page.get_by_role("button", name="Mark normal"))
    hand.click(page.get_by_role("link", name="Learn a monitor from what is marked"))
    page.locator("#learn-name").fill("brushed")
    hand.typed += 1
    hand.click(page.locator("#learn-form [type=submit]"))
    expect(page.locator("h1")).to_contain_text("brushed v1", timeout=60_000)
    expect(page.locator(".version-state.in_use")).to_be_visible()
    assert (hand.clicks, hand.typed) == (4, 1)
    leave_and_delete(page, "/monitors/brushed", f"/datasets/{made}")


def test_after_a_maintenance_the_page_says_whether_the_tool_is_back_by_one_click(page: Page) -> None:
    content = {"name": "pm.csv", "mimeType": "text/csv", "buffer": maintained().to_csv(index=False).encode()}
    made = page.request.post("/datasets", multipart={"file": content}).json()["id"]
    hand = Hand()
    page.goto(f"/data?dataset={made}")
    hand.click(page.locator(".pages").get_by_role("link", name="PM check"))
    expect(page.locator("#word")).to_have_text("✗ NOT BACK")
    expect(page.locator("#lines li").first).to_be_visible()
    assert hand.clicks == 1
    leave_and_delete(page, f"/datasets/{made}")


def test_a_stretch_is_the_same_by_mouse_and_by_keyboard(page: Page, server: str) -> None:
    with httpx.Client(base_url=server, timeout=120) as api:
        content = fab_rows(30).to_csv(index=False).encode()
        made = api.post("/datasets", files={"file": ("stretch.csv", content)}).json()["id"]
        run = api.post("/detect", json={"dataset": made, "detector": "squared_difference"}).json()["run"]
    page.goto(f"/trends?run={run}")
    see_chart(page, "#chart")
    expect(page.locator("#chart[data-drawn]")).to_be_visible()
    drag(page, 0.1, 0.4)
    page.get_by_role("button", name="Mark normal").click()
    expect(page.locator("#mark-list li")).to_have_count(1)
    by_mouse = page.request.get(f"/datasets/{made}/marks").json()["marks"][0]
    judged = page.request.get(f"/runs/{run}/wafers?limit=1000").json()["wafers"]
    numbers = [
        one["run"]
        for one in judged
        if f"{one['lot']}/{one['wafer']}" in by_mouse["wafers"] and one["equipment"] == by_mouse["equipment"]
    ]
    page.request.delete(f"/datasets/{made}/marks/{by_mouse['id']}")
    page.reload()
    see_chart(page, "#chart")
    expect(page.locator("#chart[data-drawn]")).to_be_visible()
    page.keyboard.press("b")
    page.keyboard.type(str(min(numbers)))
    page.keyboard.press("Tab")
    page.keyboard.type(str(max(numbers)))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#chart").focus()
    page.keyboard.press("g")
    expect(page.locator("#mark-list li")).to_have_count(1)
    by_keys = page.request.get(f"/datasets/{made}/marks").json()["marks"][0]
    assert (by_keys["wafers"], by_keys["equipment"]) == (by_mouse["wafers"], by_mouse["equipment"])
    leave_and_delete(page, f"/datasets/{made}")
