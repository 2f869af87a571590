"""The Groups page in a browser: from a detection to the rows of a group and to its runs, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.charts import see_chart
from tests.browser.conftest import leave_and_delete

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
LINES = ["time,equipment,wafer,step,<b>pressure</b>"] + [
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{HOSTILE if at < 600 else 'E2'},{at // 40 % 15 + 1},"
    f"{'__proto__' if at % 40 < 15 else 'etch'},{9 if at % 400 == 20 else at % 3 * 0.1}"
    for at in range(1200)
]


def detect(page: Page, **options: object) -> str:
    """A quick detection by the API."""
    answer = page.request.post("/detect", data={"detector": "squared_difference", "contamination": 0.005, **options})
    assert answer.ok, answer.text()
    return str(answer.json()["run"])


def upload(page: Page, lines: list[str]) -> str:
    file = {"name": "<i>etch</i>.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    return str(page.request.post("/datasets", multipart={"file": file}).json()["id"])


def ready(page: Page) -> None:
    see_chart(page, "#overlay-chart", 30_000)


def test_groups_are_counted_and_compared_with_the_rest(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}")
    ready(page)
    expect(page.locator("#groups tbody tr")).to_have_count(3)
    expect(page.locator("#groups tbody tr").first).to_contain_text("ETCH-0")
    for chart in ("share", "score", "sensor"):
        see_chart(page, f"#{chart}-chart")
    page.select_option("#by", "step")
    expect(page.locator("#sentences li").first).to_contain_text("purge is flagged more often than the rest")
    expect(page.locator("#sentences li").last).to_contain_text("Counted in runs")
    expect(page.locator("#groups .higher")).to_have_count(1)
    expect(page).to_have_url(re.compile("by=step"))
    page.select_option("#order", "name")
    expect(page.locator("#groups .open").first).to_have_text("etch")
    page.locator("#groups .sort", has_text="Rows").click()
    expect(page.locator("#groups th[aria-sort=descending]")).to_have_text("Rows")


def test_the_address_brings_everything_back(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}&by=recipe&and=step&sensor=chuck_temp_C&order=rows")
    ready(page)
    chosen = [page.input_value(f"#{name}") for name in ("by", "second", "sensor", "order")]
    assert chosen == ["recipe", "step", "chuck_temp_C", "rows"]
    expect(page.locator("#heat thead th")).to_have_count(7)


def test_the_rows_of_a_group_are_shown_and_lead_to_their_place(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}&by=step")
    ready(page)
    page.locator("#groups .open", has_text="purge").click()
    expect(page.locator("#rows-title")).to_have_text("step: purge")
    expect(page.locator("#rows-flagged")).to_be_checked()
    expect(page.locator("#rows-table tbody tr").first).to_contain_text("yes")
    page.uncheck("#rows-flagged")
    expect(page.locator("#rows-table tbody tr")).to_have_count(100)
    page.click("#rows-after")
    expect(page.locator("#rows-count")).to_contain_text("Rows 101 to 200")
    page.click("#rows-before")
    expect(page.locator("#rows-count")).to_contain_text("Rows 1 to 100")
    page.keyboard.press("Escape")
    expect(page.locator("#rows")).to_be_hidden()
    page.locator("#groups .open", has_text="purge").click()
    page.locator("#rows-table a").first.click()
    expect(page).to_have_url(re.compile(r"/problems/check\?.*run="))
    expect(page.locator("#zoom-out")).to_be_enabled(timeout=30_000)


def test_the_heat_map_is_walked_by_keys(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}&by=recipe&and=equipment")
    ready(page)
    expect(page.locator("#heat td")).to_have_count(9)
    page.locator('#heat td[tabindex="0"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#heat td:focus")).to_have_attribute("aria-label", re.compile(r"OXIDE_MAIN, ETCH-02: .* rows"))
    page.keyboard.press("Enter")
    expect(page.locator("#rows-title")).to_have_text("recipe: OXIDE_MAIN · equipment: ETCH-02")


def test_a_run_is_chosen_coloured_and_looked_at_closely(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}")
    ready(page)
    page.select_option("#recipe", "POLY_TRIM")
    expect(page.locator("#overlay-about")).to_contain_text("44 runs")
    page.select_option("#equipment", "ETCH-02")
    expect(page.locator("#runs tbody tr").first).to_contain_text("ETCH-02 / ")
    page.select_option("#color", "lot")
    expect(page.locator("#runs tbody tr td").nth(1)).to_contain_text("L02")
    page.locator("#runs a").first.click()
    expect(page.locator("#zoom-out")).to_be_enabled(timeout=30_000)


def test_a_click_on_a_run_of_the_figure_leads_to_its_place(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}")
    ready(page)
    page.evaluate("document.getElementById('overlay-chart').emit('plotly_click', { points: [{ curveNumber: 3 }] })")
    expect(page).to_have_url(re.compile(r"/problems/check\?.*run="))


def test_data_without_a_detection_are_judged_at_a_press(page: Page) -> None:
    dataset = upload(page, LINES)
    page.goto(f"/problems/groups?dataset={dataset}")
    expect(page.locator("#nothing")).to_be_visible()
    page.click("#detect")
    expect(page.locator("#found")).to_be_visible(timeout=60_000)
    expect(page.locator("#nothing")).to_be_hidden()
    expect(page.locator("#groups")).to_contain_text(HOSTILE)
    expect(page.locator("#run option")).to_have_count(1)
    leave_and_delete(page, f"/datasets/{dataset}")


def test_hostile_names_stay_names(page: Page) -> None:
    dataset = upload(page, LINES)
    page.goto(f"/problems/groups?run={detect(page, dataset=dataset)}&and=step")
    ready(page)
    expect(page.locator("#groups")).to_contain_text(HOSTILE)
    expect(page.locator("#heat")).to_contain_text("__proto__")
    expect(page.locator("#overlay-about")).to_contain_text("<b>pressure</b>")
    page.locator("#groups .open", has_text=HOSTILE).click()
    expect(page.locator("#rows-title")).to_have_text(f"equipment: {HOSTILE}")
    assert page.locator("main img, dialog img").count() == 0
    leave_and_delete(page, f"/datasets/{dataset}")


def test_data_without_runs_say_so(page: Page) -> None:
    dataset = upload(page, [line.replace(",wafer,", ",slotless,") for line in LINES])
    roles = page.request.get("/datasets").json()["datasets"]
    assert "wafer" not in next(one for one in roles if one["id"] == dataset)["roles"].values()
    page.goto(f"/problems/groups?run={detect(page, dataset=dataset)}")
    expect(page.locator("#overlay-notes")).to_contain_text("no runs to lay over one another", timeout=30_000)
    expect(page.locator("#overlay-chart")).to_be_hidden()
    leave_and_delete(page, f"/datasets/{dataset}")


def test_an_unknown_run_is_reported_and_the_page_goes_on(page: Page) -> None:
    page.allowed_faults.append("404")  # type: ignore[attr-defined]
    page.goto("/problems/groups?run=0123456789abcdef")
    expect(page.locator("#problem")).to_contain_text("There is no run 0123456789abcdef.")


def test_on_a_phone_in_korean_the_worst_places_are_a_list_and_the_grid_is_shown_on_request(phone: Page) -> None:
    phone.goto(f"/problems/groups?run={detect(phone)}&and=lot")
    ready(phone)
    expect(phone.locator("#differ-title")).to_have_text("차이가 있는 그룹")
    expect(phone.locator("#sentences")).to_contain_text("세었습니다")
    assert fits(phone)
    expect(phone.locator("#heat")).to_be_hidden()
    expect(phone.locator("#heat-places li").first).to_contain_text("%")
    phone.locator("#heat-open").tap()
    assert phone.evaluate("(box => box.scrollWidth > box.clientWidth)(document.querySelector('.heat-scroll'))")
    assert fits(phone)
    phone.locator("#heat-places button").first.tap()
    expect(phone.locator("#rows")).to_be_visible()
    phone.locator("#rows-close").tap()
    phone.locator("#groups .open").first.tap()
    expect(phone.locator("#rows")).to_be_visible()
    assert phone.evaluate("document.getElementById('rows').getBoundingClientRect().right <= innerWidth")
    assert fits(phone)


def test_axe_finds_no_serious_fault_in_either_theme(page: Page) -> None:
    page.goto(f"/problems/groups?run={detect(page)}&by=step&and=equipment")
    ready(page)
    page.locator("#groups .open").first.click()
    expect(page.locator("#rows")).to_be_visible()
    found = faults_in_both_themes(page)
    page.keyboard.press("Escape")
    assert found + faults_in_both_themes(page) == []
