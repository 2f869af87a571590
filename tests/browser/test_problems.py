"""From a file to its problems, and from a problem to a verdict: with two clicks, by keys, on paper."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.access import faults_in_both_themes, fits, serious_faults
from tests.browser.charts import see_chart
from tests.browser.conftest import _serve, leave_and_delete

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own: what other tests say of the demo changes what is asked for here."""
    yield from _serve(tmp_path_factory.mktemp("problems"))


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


def test_a_file_and_one_click_lead_to_its_problems(page: Page) -> None:
    page.goto("/data")
    page.set_input_files("#file", {"name": "etch.csv", "mimeType": "text/csv", "buffer": wafers()})
    expect(page.locator("#title")).to_have_text("etch.csv")
    page.click("#detect-on")
    expect(page.locator(".problem-list .problem").first).to_be_visible(timeout=60_000)
    expect(page.locator("h1")).to_contain_text("1 problem on PM1. 5 of 60 wafers are abnormal. Worst: flow -8")
    assert "check=1" not in page.url
    leave_and_delete(page, f"/datasets/{page.locator('#scope-dataset').input_value()}")


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
    page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("Next problem")
    page.wait_for_timeout(300)  # colours fade in
    assert serious_faults(page) == []
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
        assert fits(page), path
        assert page.evaluate(_SHIFTS) < 0.01


def test_one_problem_has_no_serious_fault_in_either_theme_on_desk_and_phone(page: Page, phone: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    name = page.locator(".problem-list .problem").first.get_attribute("data-problem")
    for one in (page, phone):
        one.goto(f"/problems/{name}?run={run}")
        assert faults_in_both_themes(one) == []


def test_paper_holds_the_result_without_its_tools(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.emulate_media(media="print")
    for hidden in (".pages", ".scope", ".found-tools", ".acts"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".lanes")).to_be_visible()
    name = page.locator(".problem-list .problem").first.get_attribute("data-problem")
    page.goto(f"/problems/{name}?run={run}&checks=1")
    for hidden in (".pages", ".found-tools", ".acts", "#merge", "#undo"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("#checks")).to_be_visible()
    assert page.pdf(format="A4")[:5] == b"%PDF-"


@pytest.fixture
def row(page: Page, run: str) -> Locator:
    """The third problem of the list, new again afterwards."""
    page.goto(f"/problems?run={run}")
    page.wait_for_load_state("networkidle")
    return page.locator(".problem-list .problem").nth(2)


def test_a_problem_of_the_list_is_acknowledged_and_closed_with_one_click_each(page: Page, row: Locator) -> None:
    row.locator("[data-act=acknowledge]").click()
    expect(row.locator(".verdict")).to_have_text("acknowledged · local")
    expect(row.locator("[data-act=acknowledge]")).to_be_hidden()
    row.locator("[data-act=false_alarm]").click()
    expect(row.locator(".verdict")).to_have_text("false alarm · local")
    note = row.locator("[data-act=note]")
    expect(note).to_be_focused()
    note.fill("gauge was touched")
    with page.expect_response("**/verdict"):
        note.press("Enter")
    page.reload()
    expect(page.locator("summary", has_text="closed: 1")).to_be_visible()
    page.locator("summary", has_text="closed: 1").click()
    closed = page.locator("details.weak[open] .problem", has_text="gauge was touched")
    closed.locator("[data-act=reopen]").click()
    expect(closed.locator(".verdict")).to_have_text("acknowledged · local")


def test_on_a_phone_all_of_what_is_done_with_chosen_problems_lies_above_the_bar_of_pages(phone: Page, run: str) -> None:
    phone.goto(f"/problems?run={run}")
    phone.wait_for_load_state("networkidle")
    phone.locator(".problem-list > .problem:visible .pick").first.check()
    phone.evaluate("scrollTo(0, 0)")
    expect(phone.locator("#picked")).to_be_in_viewport()
    picked, pages = phone.locator("#picked").bounding_box(), phone.locator(".pages").bounding_box()
    assert picked is not None
    assert pages is not None
    assert picked["y"] + picked["height"] <= pages["y"]


def test_several_problems_are_chosen_by_box_shift_and_key_and_closed_with_one_note(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.wait_for_load_state("networkidle")
    rows = page.locator(".problem-list > .problem:visible")
    names = [str(one.get_attribute("data-problem")) for one in rows.all()]
    rows.nth(0).locator(".pick").check()
    rows.nth(2).locator(".pick").click(modifiers=["Shift"])
    expect(page.locator("#picked-count")).to_have_text("3 problems chosen")
    rows.nth(3).locator(".row-link").focus()
    page.keyboard.press("x")
    expect(page.locator("#picked-count")).to_have_text("4 problems chosen")
    expect(page.locator("#picked-merge")).to_have_text(f"Merge into {names[0]}")
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#picked")).to_be_hidden()
    expect(rows.nth(3).locator(".row-link")).to_be_focused()
    for at in (1, 2):
        rows.nth(at).locator(".row-link").focus()
        page.keyboard.press("x")
    page.keyboard.press("n")
    page.keyboard.type("valve, a c")
    page.keyboard.press("Tab")
    page.keyboard.press("c")
    for at in (1, 2):
        expect(rows.nth(at).locator(".verdict")).to_have_text("intended change · local")
        expect(rows.nth(at).locator("[data-act=note]")).to_have_value("valve, a c")
    expect(page.locator("#status")).to_contain_text("2 problems: intended change")
    rows.nth(1).locator("[data-act=mark_change]").click()
    expect(rows.nth(1)).to_contain_text("Its time is marked: Trends and PM check show it.")
    expect(rows.nth(2).locator("[data-act=mark_change]")).to_be_visible()
    for at in (1, 2):
        rows.nth(at).locator("[data-act=reopen]").click()
        expect(rows.nth(at).locator(".verdict")).not_to_have_text("intended change · local")
    for mark in page.request.get("/datasets/demo/marks").json()["marks"]:
        page.request.delete(f"/datasets/demo/marks/{mark['id']}")


def test_a_problem_is_shelved_for_a_day_and_brought_back_by_keys_alone(page: Page, row: Locator) -> None:
    asked: list[object] = []
    page.on("request", lambda one: asked.append(one.post_data_json) if one.url.endswith("/shelve") else None)
    row.locator(".row-link").focus()
    page.keyboard.press("s")
    expect(row.locator("select[data-act=shelve]")).to_be_focused()
    for _ in range(3):  # the first opens the list
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row.locator(".verdict")).to_contain_text("shelved until")
    assert asked == [{"hours": 24}]
    assert fits(page)
    row.locator("[data-act=unshelve]").press("Enter")
    expect(row.locator(".verdict")).not_to_contain_text("shelved")


def test_a_search_is_opened_by_a_slash_and_leads_to_a_problem_by_its_number(page: Page, row: Locator) -> None:
    name = str(row.get_attribute("data-problem"))
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/problems/{name}")
    expect(page.locator("h1")).to_contain_text(name)


def test_wafers_are_split_off_and_put_back_and_problems_merged_and_separated(page: Page, run: str) -> None:
    problems = page.request.get(f"/runs/{run}/problems").json()["problems"]
    whole = max(problems, key=lambda one: len(one["runs"]))
    page.goto(f"/problems/{whole['name']}?run={run}")
    page.locator("summary", has_text="split them off").click()
    page.locator("#split input").first.check()
    page.locator("#split button").click()
    expect(page.locator("[data-group=merge]")).to_be_visible()
    expect(page.locator("h1")).not_to_contain_text(whole["name"])
    page.locator("[data-group=merge]").click()
    expect(page.locator("h1")).to_contain_text(whole["name"])
    expect(page.locator("[data-group=separate]")).to_be_visible()
    other = next(one for one in problems if one["equipment"] == whole["equipment"] and one["name"] != whole["name"])
    page.goto(f"/problems/{other['name']}?run={run}")
    page.select_option("#merge-into", whole["name"])
    page.locator("#merge button").click()
    expect(page.locator("h1")).to_contain_text(whole["name"])
    page.goto(f"/problems/{other['name']}")
    expect(page.locator("h1")).to_have_text(f"{other['name']} is merged into {whole['name']}.")
    page.locator("#separate").click()
    expect(page.locator("h1")).to_contain_text("on " + other["equipment"])


def test_the_wafers_that_look_normal_become_a_golden_set_and_the_data_are_checked_again_with_one_click(
    page: Page,
) -> None:
    made = page.request.post(
        "/datasets", multipart={"file": {"name": "gold.csv", "mimeType": "text/csv", "buffer": wafers()}}
    ).json()["id"]
    page.request.post("/detect", data={"dataset": made, "detector": "statistical"})
    page.goto(f"/problems?dataset={made}")
    expect(page.locator(".proposal")).to_contain_text("55 of 60 wafers look normal (PM1 55); 5 are set aside.")
    page.locator("summary", has_text="Set aside, and why: 5").click()
    assert serious_faults(page) == []
    page.click("#proposal-confirm")
    page.wait_for_url("**run=**", timeout=120_000)
    expect(page.locator(".reason").first).to_contain_text("Monitor: gold-golden@1", timeout=60_000)
    expect(page.locator("h1")).to_contain_text("5 of 60 wafers are abnormal")
    expect(page.locator(".proposal")).to_have_count(0)
    leave_and_delete(page, "/monitors/gold-golden", f"/datasets/{made}")


def test_the_true_faults_of_the_demo_are_shown_when_asked_for(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    expect(page.locator("#true-faults")).to_have_count(0)
    page.click("#show-faults")
    expect(page.locator("#true-faults")).to_contain_text("labelled faults were found")
    assert serious_faults(page) == []
    page.click("#show-faults")
    expect(page.locator("#true-faults")).to_have_count(0)


def test_pages_are_printed_in_light_colours_whatever_the_theme(page: Page, run: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"/problems/groups?run={run}")
    see_chart(page, "#share-chart", 60_000)
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "dark"
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    expect(page.locator("#share-chart .xtick text").first).to_have_css("fill", "rgb(86, 98, 113)")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
    page.emulate_media(media="print")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator("#groups")).to_be_visible()
