"""The Compare page in a browser: from the choice of detectors to the verdict, and back to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.charts import see_chart
from waferwatch.read.virtual_fab.generate import generate

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
CSV = "time,equipment,lot,<b>pressure</b>,__proto__\n" + "\n".join(
    f"2026-03-01 {9 + at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d},{HOSTILE},L1,"
    f"{9 if 200 <= at < 205 else at % 3 * 0.1 + at % 7 * 0.01},{at % 7}"
    for at in range(1500)
)


@pytest.fixture(scope="module")
def fab(server: str) -> Iterator[str]:
    """Address of the page with a labelled fab like the demo, of a third of its rows, which takes as much less time."""
    content = generate(6_000, equipment=2, seed=4).to_csv(index=False).encode()
    with httpx.Client(base_url=server, timeout=60) as client:
        dataset = client.post("/datasets", files={"file": ("fab.csv", content, "text/csv")}).json()["id"]
        yield f"/monitors/compare?dataset={dataset}"
        client.delete(f"/datasets/{dataset}")


def opened(page: Page, address: str) -> None:
    """The page at rest: the settings of a comparison of before come a moment after it."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator("#settings-fold").evaluate("(fold) => { fold.open = true; }")  # folded below an earlier comparison


def compare_quickly(page: Page) -> None:
    """The one-liners alone, with injected faults; the settings may be those of a comparison of before."""
    page.click("#detectors-none")
    page.check("#with-faults")
    page.click("#compare")
    expect(page.locator("#found")).to_be_visible(timeout=60_000)
    expect(page.locator("#compare")).to_be_enabled()


def test_the_one_liners_cannot_be_left_out_and_others_can(page: Page) -> None:
    opened(page, "/monitors/compare")
    page.click("#detectors-none")
    expect(page.locator("#detectors input:checked")).to_have_count(2)
    expect(page.locator("#detectors input:disabled")).to_have_count(2)
    page.click("#detectors-all")
    assert page.locator("#detectors input:checked").count() == page.locator("#detectors input").count() > 3


def test_detectors_are_compared_and_the_result_is_kept(page: Page, fab: str) -> None:
    opened(page, fab)
    compare_quickly(page)
    expect(page.locator("#comparison tbody tr")).to_have_count(2)
    page.click("#row-fold summary")
    for chart in ("curves", "measures", "agreement", "faults", "delays"):
        see_chart(page, f"#{chart}")
    expect(page.locator("#verdict-line")).to_contain_text("No verdict")
    expect(page.locator("#faults-about")).to_contain_text("faults in")
    page.click("#comparison .sort >> text=VUS-PR")
    expect(page.locator("#comparison [aria-sort=descending]")).to_have_text("VUS-PR (95 %)")
    page.goto("/data")
    opened(page, "/monitors/compare")
    expect(page.locator("#comparison tbody tr")).to_have_count(2)
    assert re.search(r"/compare\?run=[0-9a-f]{16}$", page.url)
    expect(page.locator("#detectors input:checked")).to_have_count(2)


def test_moment_gets_a_plain_verdict(page: Page, fab: str) -> None:
    opened(page, fab)
    page.click("#detectors-none")
    page.check("#detector-moment")
    page.uncheck("#with-faults")
    page.click("#compare")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.locator("#found")).to_be_visible(timeout=120_000)
    expect(page.locator("#verdict-line")).to_have_text(
        re.compile("^MOMENT effect: (better|worse|no difference|too few)")
    )
    expect(page.locator("#verdict-why")).to_contain_text("Faults found: MOMENT")
    expect(page.locator("#faults-panel")).to_be_hidden()
    page.select_option("#against", "moving_variance")
    expect(page.locator("#comparison thead")).to_contain_text("Against Moving variance")
    page.locator("#grid .hit").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#grid .hit[tabindex='0']")).to_have_count(1)
    expect(page.locator("#grid .hit").first).not_to_be_focused()
    with page.expect_download() as download:
        page.click("#export-csv")
    assert download.value.suggested_filename.endswith("comparison.csv")
    page.locator("#grid .hit[tabindex='0']").press("Enter")
    page.wait_for_url(re.compile(r"/problems/event\?run=[0-9a-f]{16}&event=\d+|/problems\?run="), timeout=120_000)


def test_a_missed_event_opens_where_it_was_found(page: Page, fab: str) -> None:
    opened(page, fab)
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "5")
    compare_quickly(page)
    page.select_option("#found-by", "moving_variance")
    page.select_option("#missed-by", "squared_difference")
    expect(page.locator("#missed-note")).to_contain_text(re.compile("(was|were) missed by"))
    page.locator("#missed .open-event").first.click()
    page.wait_for_url(re.compile(r"/problems/event\?run=[0-9a-f]{16}&event=\d+|/problems\?run="), timeout=60_000)


def test_a_comparison_under_way_is_cancelled(page: Page) -> None:
    opened(page, "/monitors/compare?dataset=demo")
    page.click("#detectors-all")
    page.check("#with-faults")
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "4.21")
    page.click("#compare")
    expect(page.locator("#run-progress")).to_be_visible()
    page.click("#run-cancel")
    expect(page.locator("#problem")).to_contain_text("cancelled", timeout=60_000)
    expect(page.locator("#compare")).to_be_enabled()


def test_what_cannot_be_asked_is_said_before_it_is_asked(page: Page, fab: str) -> None:
    opened(page, fab)
    page.click("#sensors-none")
    page.focus("#compare")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("No sensor is chosen.")
    page.click("#sensors-all")
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "70")
    page.click("#compare")
    expect(page.locator("#problem")).to_contain_text("at most 50 %")


def test_hostile_names_are_shown_as_text(page: Page) -> None:
    opened(page, "/monitors/compare")
    files = {"file": {"name": "<i>etch</i>.csv", "mimeType": "text/csv", "buffer": CSV.encode()}}
    dataset = page.request.post("/datasets", multipart=files).json()["id"]  # type: ignore[arg-type]
    opened(page, f"/monitors/compare?dataset={dataset}")
    expect(page.locator("#faults-help")).to_contain_text("Without labels")
    expect(page.locator("#sensors")).to_contain_text("<b>pressure</b>")
    compare_quickly(page)
    for found in page.locator("#found-by option").all_inner_texts():
        page.select_option("#found-by", label=found)
        page.select_option(
            "#missed-by", index=page.locator("#found-by").evaluate("(select) => 1 - select.selectedIndex")
        )
        if page.locator("#missed").is_visible():
            expect(page.locator("#missed")).to_contain_text(HOSTILE)
    kept = page.url
    page.request.delete(f"/datasets/{dataset}")
    opened(page, kept)
    expect(page.locator("#notes")).to_contain_text("no longer there")
    expect(page.locator("#comparison tbody tr")).to_have_count(2)


def test_a_narrow_phone_shows_everything_in_korean_without_sideways_scroll(phone: Page, fab: str) -> None:
    opened(phone, fab)
    assert fits(phone)
    compare_quickly(phone)
    expect(phone.locator("#verdict-line")).to_contain_text("결론 없음")
    see_chart(phone, "#faults")
    assert fits(phone)


def test_axe_finds_no_serious_fault_in_either_theme(page: Page, fab: str) -> None:
    opened(page, fab)
    compare_quickly(page)
    page.wait_for_load_state("networkidle")
    assert faults_in_both_themes(page) == []
