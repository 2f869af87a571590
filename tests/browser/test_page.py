"""The page in a browser: what an engineer does, in both languages, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

QUICK = "squared_difference"
HOSTILE = "<img src=x onerror=alert(1)>"
CSV = "time,equipment,lot,<b>pressure</b>,__proto__\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{HOSTILE},L1,{9 if 200 <= at < 205 else at % 3 * 0.1},{at % 7}"
    for at in range(400)
)


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A desktop page that fails its test for any console error, page error, failed or foreign request."""
    yield from _watched(browser, server, locale="en-US", viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Page]:
    yield from _watched(browser, server, locale="ko-KR", viewport={"width": 360, "height": 740}, has_touch=True)


def _watched(browser: Browser, server: str, **options: object) -> Iterator[Page]:
    context = browser.new_context(base_url=server, **options)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    allowed: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith((server, "data:", "blob:")) or faults.append(request.url))
    page.goto("/")
    page.allowed_faults = allowed  # type: ignore[attr-defined]
    yield page
    context.close()
    assert [fault for fault in faults if not any(part in fault for part in allowed)] == []


def detect(page: Page) -> None:
    page.select_option("#detector", QUICK)
    page.click("#detect")
    expect(page.locator("#found")).to_be_visible(timeout=30_000)
    expect(page.locator("#detect")).to_be_enabled()


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_demo_is_judged_and_its_events_are_shown(page: Page) -> None:
    expect(page.locator("#series .main-svg").first).to_be_visible()
    detect(page)
    expect(page.locator("#summary .tile").first).to_contain_text("20,000")
    assert page.locator("#events tr").count() > 5
    expect(page.locator("#status")).to_contain_text("Detection finished")
    page.locator("#events .show-event").nth(2).click()
    expect(page.locator("#zoom-out")).to_be_enabled()
    places = page.evaluate("document.getElementById('series').data[0].x.length")
    assert places > 10
    page.click("#zoom-out")
    expect(page.locator("#zoom-out")).to_be_disabled()


def test_every_tab_shows_its_figure(page: Page) -> None:
    detect(page)
    for tab, chart in (("correlation", "correlation"), ("score", "score"), ("groups", "groups-chart")):
        page.click(f"#{tab}-tab")
        expect(page.locator(f"#{chart} .main-svg").first).to_be_visible()
    page.select_option("#group-by", "lot")
    expect(page.locator("#groups thead")).to_contain_text("lot")


def test_detectors_are_compared_on_an_upload(page: Page) -> None:
    page.set_input_files("#file", {"name": "small.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    expect(page.locator("#sensor-count")).to_have_text("2 of 2 sensors")
    detect(page)
    page.click("#compare-tab")
    page.click("#compare")
    expect(page.locator("#comparison tbody tr")).not_to_have_count(0, timeout=60_000)
    expect(page.locator("#compare-chart .main-svg").first).to_be_visible()
    page.click("#delete")
    page.click("#delete")
    expect(page.locator("#dataset option")).to_have_count(1)


def test_an_upload_with_hostile_texts_is_judged_and_deleted(page: Page) -> None:
    page.set_input_files("#file", {"name": "<i>etch</i>.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    expect(page.locator("#dataset option:checked")).to_have_text("i>.csv")
    expect(page.locator("#roles")).to_contain_text("<b>pressure</b>")
    expect(page.locator("#sensor-count")).to_have_text("2 of 2 sensors")
    detect(page)
    expect(page.locator("#events")).to_contain_text(HOSTILE)
    expect(page.locator("#series .ytitle")).to_have_text("<b>pressure</b>")
    page.click("#groups-tab")
    expect(page.locator("#groups tbody")).to_contain_text("<img src=x")
    page.click("#delete")
    page.click("#delete")
    expect(page.locator("#dataset option:checked")).to_have_text("Demo fab (virtual)")
    expect(page.locator("#dataset option")).to_have_count(1)


def test_a_bad_file_is_refused_with_its_reason_and_remedy(page: Page) -> None:
    page.allowed_faults.append("422")  # type: ignore[attr-defined]
    page.set_input_files("#file", {"name": "x.csv", "mimeType": "text/csv", "buffer": b"\x00\x01binary"})
    expect(page.locator("#problem")).to_contain_text("x.csv is not a text table")
    expect(page.locator("#problem .hint")).to_contain_text("CSV")


def test_sensors_are_searched_and_chosen_by_keyboard(page: Page) -> None:
    page.fill("#sensor-search", "flow")
    expect(page.locator("#sensors .form-check:visible")).to_have_count(3)
    page.click("#sensors-none")
    expect(page.locator("#sensor-count")).to_have_text("9 of 12 sensors")
    page.fill("#sensor-search", "")
    page.click("#sensors-none")
    page.focus("#detect")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("No sensor is chosen.")
    page.focus("#sensor-0")
    page.keyboard.press("Space")
    expect(page.locator("#sensor-count")).to_have_text("1 of 12 sensors")


def test_language_and_theme_are_switched_and_remembered(page: Page) -> None:
    page.click("text=한국어")
    expect(page.locator("#detect")).to_have_text("이상 탐지")
    page.select_option("#theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#series .main-svg").first).to_be_visible()


def test_a_narrow_phone_shows_everything_without_sideways_scroll(phone: Page) -> None:
    assert no_sideways_scroll(phone)
    detect(phone)
    assert no_sideways_scroll(phone)
    for tab in ("correlation", "score", "groups", "compare"):
        phone.click(f"#{tab}-tab")
        phone.wait_for_timeout(300)
        assert no_sideways_scroll(phone), tab
    expect(phone.locator("#summary")).to_contain_text("이벤트")


def test_no_figure_offers_to_send_its_data_elsewhere(page: Page) -> None:
    detect(page)
    titles = page.evaluate("[...document.querySelectorAll('.modebar-btn')].map((button) => button.dataset.title)")
    assert "Save as PNG" in titles
    assert not [title for title in titles if "share" in title.lower() or "cloud" in title.lower()]


def test_every_control_has_a_name(page: Page) -> None:
    detect(page)
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, select, input, a[href]")].filter((control) => {
          const words = control.getAttribute("aria-label") || control.textContent.trim() || control.title;
          return !words && !(control.labels && control.labels.length) && control.type !== "hidden";
        }).map((control) => control.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
