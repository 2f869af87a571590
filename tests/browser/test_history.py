"""The Runs page in a browser: found again, followed, repeated, exported, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.charts import see_chart

pytestmark = pytest.mark.browser

QUICK = "squared_difference"
HOSTILE = "<img src=x onerror=alert(1)>"
CSV = "time,equipment,lot,=pressure,flow\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{HOSTILE},L1,{9 if 200 <= at < 205 else at % 3 * 0.1},{at % 7}"
    for at in range(400)
)


@pytest.fixture
def api(server: str) -> Iterator[httpx.Client]:
    """The same server as a program sees it, without any run or data set, before and afterwards."""
    with httpx.Client(base_url=server, timeout=60) as client:
        empty(client)
        yield client
        empty(client)


def empty(client: httpx.Client) -> None:
    for run in client.get("/runs", params={"limit": 500}).json()["runs"]:
        client.delete(f"/runs/{run['id']}")
    for dataset in client.get("/datasets").json()["datasets"]:
        if not dataset["builtin"]:
            client.delete(f"/datasets/{dataset['id']}")


def upload(api: httpx.Client, name: str = "etch.csv") -> str:
    return str(api.post("/datasets", files={"file": (name, CSV.encode(), "text/csv")}).json()["id"])


def detect(api: httpx.Client, **more: Any) -> str:
    answer = api.post("/detect", json={"detector": QUICK, "contamination": 0.01, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


def fail(api: httpx.Client) -> str:
    made = api.post("/runs", json={"kind": "detection", "detector": QUICK, "filters": {"recipe": ["none such"]}}).json()
    return str(made["id"])


def open_page(page: Page, address: str = "/data/checks") -> None:
    page.goto(address)
    expect(page.locator("#runs")).to_have_attribute("aria-busy", "false")


def test_a_run_tells_what_was_asked_and_what_was_found(page: Page, api: httpx.Client) -> None:
    detect(api, reference_rows=300, features=["pressure_mTorr"], filters={"recipe": ["OXIDE_MAIN"]})
    open_page(page)
    card = page.locator(".run")
    expect(card).to_have_count(1)
    for words in (
        "Demo fab (virtual)",
        "done",
        "Squared difference",
        "1.0% expected",
        "the first 300 rows of each series are normal",
        "1 sensor: pressure_mTorr",
        "only recipe: OXIDE_MAIN",
        "20,000",
        "by local",
        "2026",
    ):
        expect(card).to_contain_text(words)
    expect(card.locator("time")).to_have_text(re.compile("now|ago"))
    card.locator("a.btn-primary").click()
    expect(page).to_have_url(re.compile(r"/problems\?"))
    expect(page.locator("h1.sentence")).to_be_visible(timeout=30_000)


def test_nothing_has_run_yet_is_reported_with_the_way_on(page: Page, api: httpx.Client) -> None:
    open_page(page)
    expect(page.locator("#no-runs")).to_be_visible()
    expect(page.locator("#no-runs a")).to_have_attribute("href", "/problems")


def test_runs_are_filtered_searched_and_the_address_remembers_it(page: Page, api: httpx.Client) -> None:
    dataset = upload(api)
    detect(api)
    detect(api, dataset=dataset)
    fail(api)
    open_page(page)
    expect(page.locator(".run")).to_have_count(3)
    page.select_option("#filter-state", "failed")
    expect(page.locator(".run")).to_have_count(1)
    expect(page.locator(".run-why")).to_contain_text("No row has the chosen values of recipe.")
    page.reload()
    expect(page.locator(".run")).to_have_count(1)
    expect(page.locator("#filter-state")).to_have_value("failed")
    page.click("#filters-clear")
    expect(page.locator(".run")).to_have_count(3)
    page.fill("#search", "ETCH")
    expect(page.locator(".run")).to_have_count(1)
    page.fill("#search", "no such thing")
    expect(page.locator("#none-fit")).to_be_visible()
    page.fill("#search", "")
    page.select_option("#filter-dataset", dataset)
    expect(page.locator(".run")).to_have_count(1)


def test_more_runs_are_shown_when_asked_for(page: Page, api: httpx.Client) -> None:
    dataset = upload(api)
    for number in range(27):
        detect(api, dataset=dataset, contamination=0.01 + number / 1000)
    open_page(page)
    expect(page.locator(".run")).to_have_count(25)
    page.click("#more")
    expect(page.locator(".run")).to_have_count(27)
    expect(page.locator("#more")).to_be_hidden()
    assert page.evaluate("[...document.querySelectorAll('.run')].indexOf(document.activeElement)") == 25


def test_a_run_is_repeated_on_other_data_and_followed_to_its_end(page: Page, api: httpx.Client) -> None:
    upload(api)
    detect(api)
    open_page(page)
    page.click("[data-action=repeat]")
    expect(page.locator("#repeat-dialog")).to_be_visible()
    expect(page.locator("#repeat-dialog")).to_contain_text("Squared difference")
    expect(page.locator("#repeat-dataset option:checked")).to_have_text("etch.csv")
    page.click("#repeat-start")
    expect(page.locator("#repeat-dialog")).to_be_hidden()
    expect(page.locator(".run")).to_have_count(2)
    first = page.locator(".run").first
    expect(first).to_contain_text("etch.csv")
    expect(first.locator(".run-state")).to_have_text("done")
    expect(page.locator("#status")).to_contain_text("The run on etch.csv")


def test_the_dialog_closes_with_escape_and_nothing_is_started(page: Page, api: httpx.Client) -> None:
    detect(api, dataset=upload(api))
    open_page(page)
    page.locator("[data-action=repeat]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#repeat-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#repeat-dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.action") == "repeat"
    expect(page.locator(".run")).to_have_count(1)


def test_a_run_on_its_way_shows_progress_and_is_cancelled_and_started_again(page: Page, api: httpx.Client) -> None:
    api.post("/runs", json={"kind": "comparison", "contamination": 0.07})
    open_page(page)
    expect(page.locator(".run .progress")).to_be_visible()
    page.click("[data-action=cancel]")
    expect(page.locator(".run-state")).to_have_text("cancelled", timeout=60_000)
    expect(page.locator(".run-why")).to_contain_text("The run was cancelled.")
    page.click("[data-action=again]")
    expect(page.locator(".run")).to_have_count(2)
    page.click("[data-action=cancel]")
    expect(page.locator(".run-state").first).to_have_text("cancelled", timeout=60_000)


def test_the_page_asks_only_while_something_is_on_its_way(page: Page, api: httpx.Client) -> None:
    detect(api, dataset=upload(api))
    open_page(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3500)
    assert asked == []


def test_a_run_is_deleted_after_a_second_thought(page: Page, api: httpx.Client) -> None:
    dataset = upload(api)
    detect(api, dataset=dataset)
    kept = detect(api, dataset=dataset, contamination=0.02)
    open_page(page)
    last = page.locator(".run").last
    last.locator("[data-action=delete]").focus()
    page.keyboard.press("Enter")
    expect(last).to_contain_text("It cannot be undone.")
    page.keyboard.press("Escape")
    expect(last.locator("[data-action=delete]")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".run")).to_have_count(1)
    expect(page.locator("#status")).to_contain_text("was deleted")
    assert [run["id"] for run in api.get("/runs").json()["runs"]] == [kept]


def test_everything_is_exported_from_the_menu(page: Page, api: httpx.Client, tmp_path: Path) -> None:
    detect(api, dataset=upload(api, "에칭 <b>.csv"))
    open_page(page)
    names = {
        "Rows as CSV": "rows.csv",
        "Rows as Parquet": "rows.parquet",
        "Events as CSV": "events.csv",
        "Events as JSON": "events.json",
        "Report (HTML, opens offline)": "report.html",
    }
    for title, ending in names.items():
        page.click("[data-action=export]")
        with page.expect_download() as started:
            page.get_by_role("link", name=title, exact=True).click()
        assert started.value.suggested_filename == f"에칭 _b-{ending}"
        started.value.save_as(tmp_path / ending)
        assert (tmp_path / ending).stat().st_size > 100
    assert "'=pressure" in (tmp_path / "rows.csv").read_text("utf-8-sig").splitlines()[0]


def test_the_report_opens_offline_and_asks_for_nothing(
    browser: Browser, api: httpx.Client, tmp_path: Path, server: str
) -> None:
    run = detect(api, dataset=upload(api))
    (tmp_path / "report.html").write_bytes(api.get(f"/runs/{run}/report.html").content)
    context = browser.new_context(offline=True, viewport={"width": 360, "height": 740})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda request: request.url.startswith("file:") or faults.append(request.url))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.goto(f"file://{tmp_path / 'report.html'}")
    expect(page.locator("svg").first).to_be_visible()
    expect(page.locator("body")).to_contain_text(HOSTILE)
    assert fits(page)
    assert faults == []
    context.close()


def test_a_run_whose_data_are_gone_says_so_and_keeps_its_events(page: Page, api: httpx.Client) -> None:
    dataset = upload(api)
    detect(api, dataset=dataset)
    api.delete(f"/datasets/{dataset}")
    open_page(page)
    card = page.locator(".run")
    expect(card).to_contain_text("data set deleted")
    expect(card.locator("a.btn-primary")).to_have_count(0)
    page.click("[data-action=export]")
    expect(card.locator(".dropdown-item.disabled")).to_have_count(3)
    expect(card.locator("a.dropdown-item")).to_have_count(3)


def test_a_narrow_phone_shows_everything_in_korean_without_sideways_scroll(phone: Page, api: httpx.Client) -> None:
    detect(api, dataset=upload(api, HOSTILE * 3 + ".csv"), features=["=pressure"])
    fail(api)
    open_page(phone)
    expect(phone.locator(".run")).to_have_count(2)
    expect(phone.locator("h1")).to_have_text("판정 이력")
    expect(phone.locator(".run").first).to_contain_text("다시 시작")
    expect(phone.locator("#run-count")).to_have_text("판정 이력 2건을 표시합니다.")
    assert fits(phone)
    phone.locator("[data-action=delete]").first.click()
    phone.locator("[data-action=export]").click()
    assert fits(phone)


def test_no_serious_accessibility_fault_is_found_in_either_theme(page: Page, api: httpx.Client) -> None:
    detect(api, dataset=upload(api))
    fail(api)
    api.post("/runs", json={"kind": "comparison", "contamination": 0.08})
    open_page(page)
    page.locator("[data-action=export]").click()
    page.locator("[data-action=delete]").first.click()
    assert faults_in_both_themes(page) == []


def test_a_figure_is_saved_as_png_and_svg_on_the_page_s_own_ground(page: Page, api: httpx.Client) -> None:
    run = detect(api, dataset=upload(api))
    page.emulate_media(color_scheme="dark")
    page.goto(f"/problems/check?run={run}")
    see_chart(page, "#series", 30_000)
    saved = {}
    for kind in ("PNG", "SVG"):
        page.hover("#series")
        with page.expect_download() as started:
            page.locator(f"#series .modebar-btn[data-title='Save as {kind}']").click()
        assert started.value.suggested_filename == f"waferwatch-series.{kind.lower()}"
        saved[kind] = Path(started.value.path()).read_bytes()
    assert saved["PNG"].startswith(b"\x89PNG")
    assert saved["SVG"].startswith(b"<svg")
    assert b"rgb(24, 32, 42)" in saved["SVG"], "the dark ground is part of the picture"
