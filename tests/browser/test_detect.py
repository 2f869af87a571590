"""The Detect page in a browser: from the button to the event, in both languages, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.access import fits
from tests.browser.charts import see_chart
from tests.browser.conftest import leave_and_delete

pytestmark = pytest.mark.browser

QUICK = "squared_difference"
HOSTILE = "<img src=x onerror=alert(1)>"
CSV = "time,equipment,lot,<b>pressure</b>,__proto__\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{HOSTILE},L1,{9 if 200 <= at < 205 else at % 3 * 0.1},{at % 7}"
    for at in range(400)
)


def open_fresh(page: Page) -> None:
    """The page on the demo, without the result of an earlier test."""
    page.goto("/problems/check?dataset=demo")
    expect(page.locator("#sensors input")).to_have_count(12)
    page.wait_for_load_state("networkidle")  # a result of an earlier test comes up by itself
    expect(page.locator("#detect")).to_be_enabled(timeout=30_000)
    unfold(page)


def unfold(page: Page) -> None:
    """Settings that are folded away above a result, on a narrow screen."""
    fold = page.locator("#settings-fold")
    if fold.get_attribute("open") is None:
        fold.locator("summary").first.click()


def detect(page: Page) -> None:
    page.select_option("#detector", QUICK)
    page.click("#detect")
    expect(page.locator("#summary")).to_contain_text("squared difference", timeout=30_000)
    expect(page.locator("#found")).to_be_visible()
    expect(page.locator("#detect")).to_be_enabled()


def peaks(page: Page) -> list[float]:
    return [float(text.replace(",", "")) for text in page.locator("#events td.number").all_inner_texts()]


def flagged(page: Page) -> int:
    text = page.locator("#threshold-count").inner_text()
    return int(re.sub(r"\D", "", text.split("(")[0]))


def test_the_demo_is_judged_and_its_events_are_shown(page: Page) -> None:
    open_fresh(page)
    see_chart(page, "#series")
    detect(page)
    expect(page.locator("#summary .tile").first).to_contain_text("20,000")
    expect(page.locator("#events tbody tr").first).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Detection finished")
    page.evaluate("Plotly.relayout('series', {'xaxis.range': ['2026-01-05 08:10:00', '2026-01-05 08:20:00']})")
    expect(page.locator("#zoom-out")).to_be_enabled()
    assert page.evaluate("document.getElementById('series').data[0].x.length") > 10
    page.click("#zoom-out")
    expect(page.locator("#zoom-out")).to_be_disabled()


def test_a_run_is_still_there_when_its_visitor_comes_back(page: Page) -> None:
    open_fresh(page)
    detect(page)
    address = page.url
    assert "run=" in address
    tiles = page.locator("#summary").inner_text()
    page.goto("/data")
    page.goto(address)
    expect(page.locator("#summary")).to_have_text(re.compile(".+"), timeout=30_000)
    assert page.locator("#summary").inner_text() == tiles
    expect(page.locator("#detector")).to_have_value(QUICK)


def long_to_judge(page: Page) -> str:
    """The id of a new data set that keeps the network busy for several seconds."""
    numbers = np.random.default_rng(5).normal(size=(300_000, 4)).round(2)
    text = pd.DataFrame(numbers, columns=list("pqrs")).to_csv(index_label="step_seconds")
    file = {"name": "long.csv", "mimeType": "text/csv", "buffer": text.encode()}
    answer = page.request.post("/datasets", multipart={"file": file})  # type: ignore[dict-item]
    assert answer.ok, answer.text()
    return str(answer.json()["id"])


@contextmanager
def kept_from_its_end(page: Page) -> Iterator[None]:
    """However fast a run is, the page does not hear of its end before this is left."""
    asked = re.compile(r"/runs/[0-9a-f]+$")
    held: list[Route] = []
    holding = True

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    page.route(asked, hold)
    yield
    holding = False
    while held:
        held.pop().continue_()


def test_a_long_run_shows_its_progress_and_ends_when_it_is_cancelled(page: Page) -> None:
    open_fresh(page)
    dataset = long_to_judge(page)
    page.goto(f"/problems/check?dataset={dataset}")
    expect(page.locator("#detect")).to_be_enabled(timeout=60_000)
    unfold(page)
    page.select_option("#detector", "moment_only")
    page.click("#detect")
    expect(page.locator("#run-progress")).to_be_visible()
    with kept_from_its_end(page):
        page.click("#run-cancel")
        expect(page.locator("#run-state")).to_have_text("Cancelling …")
        expect(page.locator("#run-cancel")).to_be_disabled()
    expect(page.locator("#problem")).to_contain_text("cancelled", timeout=60_000)
    expect(page.locator("#run-progress")).to_be_hidden()
    expect(page.locator("#detect")).to_be_enabled()
    leave_and_delete(page, f"/datasets/{dataset}")


def test_a_moved_threshold_changes_flags_and_events_at_once(page: Page) -> None:
    open_fresh(page)
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "3")
    detect(page)
    before, events = flagged(page), page.locator("#events tbody tr").count()
    threshold = float(page.input_value("#threshold"))
    page.fill("#threshold", str(threshold + 0.5))
    page.press("#threshold", "Enter")
    expect(page.locator("#summary")).to_contain_text(f"{threshold + 0.5:.4g}"[:4], timeout=10_000)
    assert flagged(page) < before
    assert page.locator("#events tbody tr").count() < events
    page.reload()
    expect(page.locator("#threshold")).to_have_value(re.compile(f"^{threshold + 0.5:.3g}"[:4]), timeout=30_000)


def test_the_threshold_is_automatic_and_what_it_promises_is_said(page: Page) -> None:
    open_fresh(page)
    expect(page.locator("#threshold-by option").first).to_have_attribute("value", "auto")
    page.select_option("#threshold-by", "auto")
    expect(page.locator("#contamination-field")).to_be_hidden()
    detect(page)
    promise = page.locator("#headline-promise")
    expect(promise).to_contain_text("Automatic threshold.")
    expect(promise).to_contain_text("can be promised for each equipment (95 %)")
    expect(promise).not_to_have_class(re.compile("not-kept"))
    expect(page.locator("#events .usual").first).to_contain_text("normal")
    expect(page.locator("#summary")).to_contain_text("automatic threshold")
    page.locator("#events a.row-link").first.click()
    expect(page.locator("#facts")).to_contain_text(re.compile("beyond all rows taken as normal|of normal running"))


def test_a_number_of_false_alarms_that_cannot_be_promised_is_said_where_it_is_seen(page: Page) -> None:
    open_fresh(page)
    page.select_option("#threshold-by", "false_alarms")
    page.fill("#false-alarms", "1")
    detect(page)
    promise = page.locator("#headline-promise.not-kept")
    expect(promise).to_contain_text("cannot be promised")
    expect(page.locator("#headline-notes li", has_text="cannot be promised")).to_have_count(0)


def test_a_score_sets_the_threshold_and_comes_back_with_the_run(page: Page) -> None:
    open_fresh(page)
    page.select_option("#threshold-by", "hand")
    page.fill("#by-hand", "2.5")
    detect(page)
    expect(page.locator("#headline-promise")).to_contain_text("Threshold set by hand.")
    page.reload()
    expect(page.locator("#by-hand")).to_have_value("2.5", timeout=30_000)
    expect(page.locator("#threshold-by")).to_have_value("hand")


def test_a_number_of_false_alarms_sets_the_threshold_and_comes_back_with_the_run(page: Page) -> None:
    open_fresh(page)
    page.select_option("#threshold-by", "auto")
    page.focus("#threshold-by")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#contamination-field")).to_be_hidden()
    page.fill("#false-alarms", "5000")
    page.select_option("#reference-kind", "rows")
    page.fill("#reference", "2000")
    detect(page)
    promise = page.locator("#headline-promise")
    expect(promise).to_contain_text("Threshold by the number of false alarms.")
    page.reload()
    expect(promise).to_be_visible(timeout=30_000)
    expect(page.locator("#false-alarms")).to_have_value("5000")
    expect(page.locator("#threshold-by")).to_have_value("false_alarms")
    page.fill("#threshold", str(float(page.input_value("#threshold")) + 0.5))
    page.press("#threshold", "Enter")
    expect(page.locator("#summary")).to_contain_text("set by hand", timeout=10_000)
    expect(promise).to_have_text("Threshold set by hand.")
    page.goto("/data/checks")
    expect(page.locator("#runs .run").first).to_contain_text("at most 5,000 false alarms per equipment and week")
    expect(page.locator("#runs .run").first).to_contain_text("threshold moved by hand")


def test_every_tab_shows_its_figure(page: Page) -> None:
    open_fresh(page)
    detect(page)
    for name in ("distribution", "correlation", "score"):
        page.click(f"#{name}-tab")
        see_chart(page, f"#{name}")
    page.click("#correlation-tab")
    page.click("label[for=correlation-difference]")
    expect(page.locator("#correlation .cbaxis")).to_contain_text("−2")


def test_events_are_sorted_and_filtered(page: Page) -> None:
    open_fresh(page)
    detect(page)
    expect(page.locator("#events th:has-text('Peak score')")).to_have_attribute("aria-sort", "descending")
    assert peaks(page) == sorted(peaks(page), reverse=True)
    page.click("#events .sort:has-text('Start')")
    expect(page.locator("#events th:has-text('Start')")).to_have_attribute("aria-sort", "ascending")
    starts = page.locator("#events td.when").all_inner_texts()
    assert starts == sorted(starts)
    page.fill("#event-search", "ETCH-02")
    expect(page.locator("#events-note")).to_contain_text("events fit")
    assert set(page.locator("#events td.place").all_inner_texts()) == {"ETCH-02"}


def test_a_sentence_says_what_was_found_and_leads_to_the_worst_event(page: Page) -> None:
    open_fresh(page)
    detect(page)
    expect(page.locator("#headline-found")).to_have_text(re.compile(r"^\d+ events on ETCH-01, ETCH-02, ETCH-03\.$"))
    first = page.locator("#events tbody tr").first
    place, start = first.locator(".place").inner_text(), first.locator(".when").inner_text()
    worst = page.locator("#headline-worst a")
    expect(worst).to_have_text(re.compile(rf"^Worst: \w+ · {place} · lot \w+ · from {start}$"))
    order = page.evaluate(
        "[...document.querySelectorAll('#headline, #found, #series, #closer, #made')].map((part) => part.id)"
    )
    assert order == ["headline", "found", "series", "closer", "made"]
    worst.click()
    expect(page.locator("#facts")).to_contain_text("number 1 of")


@pytest.mark.parametrize("way", ["row", "link", "keyboard"])
def test_a_row_of_the_list_opens_the_page_of_its_event(page: Page, way: str) -> None:
    open_fresh(page)
    detect(page)
    row = page.locator("#events tbody tr").nth(1)
    number = row.get_attribute("data-event")
    if way == "row":
        row.scroll_into_view_if_needed()
        box = row.locator(".carriers").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    elif way == "link":
        page.get_by_role("link", name=f"explain event {number}", exact=False).first.click()
    else:
        row.locator("a").focus()
        page.keyboard.press("Enter")
    expect(page.locator("#title")).to_contain_text(f"Event {number} of")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (1280, ["when", "place", "lot", "span", "number", "carriers", "said"]),
        (390, ["when", "place", "span", "number", "carriers"]),
    ],
)
def test_every_column_of_the_list_is_on_the_screen(page: Page, language: str, width: int, shown: list[str]) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/problems/check?lang={language}")
    open_fresh(page)
    detect(page)
    cells = page.locator("#events tbody tr").first.locator("td:visible")
    assert [cell.get_attribute("class").split()[0] for cell in cells.all()] == shown  # type: ignore[union-attr]
    for cell in cells.all():
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert page.evaluate("(list => list.scrollWidth <= list.clientWidth)(document.querySelector('#found .events'))")
    assert fits(page)


def test_the_result_of_before_is_dimmed_while_another_is_made(page: Page) -> None:
    open_fresh(page)
    detect(page)
    expect(page.locator("#found")).to_have_css("opacity", "1")
    page.select_option("#detector", "moment_only")
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "3.22")  # settings that no other test uses
    with kept_from_its_end(page):
        page.click("#detect")
        expect(page.locator("#run-progress")).to_be_visible()
        for part in ("#headline", "#found", "#made"):
            expect(page.locator(part)).to_have_css("opacity", "0.45")
        page.click("#run-cancel")
    expect(page.locator("#run-progress")).to_be_hidden(timeout=60_000)  # cancelled, or done before it was
    expect(page.locator("#found")).to_have_css("opacity", "1")


def test_only_the_chosen_equipment_is_judged(page: Page) -> None:
    open_fresh(page)
    page.click("#filters-field > summary")
    page.click("#filters summary:has-text('equipment')")
    page.check("#filters input[value='ETCH-02']")
    expect(page.locator("#filter-count")).to_have_text("equipment (1)")
    detect(page)
    assert set(page.locator("#events td.place").all_inner_texts()) == {"ETCH-02"}
    expect(page.locator("#headline-part")).to_have_text(
        re.compile(r"^Judged: 6,\d+ of 20,000 rows \(equipment = ETCH-02\)\.$")
    )
    expect(page.locator("#summary .tile").first).to_contain_text("of 20,000")
    names = "[...new Set(document.getElementById('series').data.map((trace) => trace.name))]"
    assert not {"ETCH-01", "ETCH-03"} & set(page.evaluate(names))
    page.reload()
    expect(page.locator("#filter-count")).to_have_text("equipment (1)", timeout=30_000)


def interleaved() -> bytes:
    """Two chambers at the same times, told apart by a column that no name gives away."""
    lines = ["time,which_one,pressure,flow"]
    for at in range(600):
        stamp = f"2026-03-01 09:{at // 60:02d}:{at % 60:02d}"
        lines.append(f"{stamp},north,{9 if 300 <= at < 310 else at % 3 * 0.1},{at % 7}")
        lines.append(f"{stamp},south,{50 + at % 4 * 0.1},{at % 5}")
    return "\n".join(lines).encode()


@pytest.fixture
def mixed(page: Page) -> Iterator[str]:
    """Id of an upload in which two chambers lie in one series."""
    file = {"name": "mixed.csv", "mimeType": "text/csv", "buffer": interleaved()}
    dataset = str(page.request.post("/datasets", multipart={"file": file}).json()["id"])
    yield dataset
    leave_and_delete(page, f"/datasets/{dataset}")


def test_a_severe_finding_holds_a_detection_up_until_it_is_fixed_at_a_press(page: Page, mixed: str) -> None:
    page.goto(f"/problems/check?dataset={mixed}")
    finding = page.locator("#severe-list li")
    expect(finding).to_contain_text("Rows with the time of the row before them", timeout=20_000)
    expect(finding).to_contain_text("which_one tells these rows apart")
    page.select_option("#detector", QUICK)
    page.click("#detect")
    expect(page.locator("#severe")).to_be_focused()
    expect(page.locator("#status")).to_contain_text("The check waits")
    assert page.request.get(f"/runs?dataset={mixed}").json()["runs"] == []
    page.click("text=Set which_one as equipment")
    expect(page.locator("#severe")).to_be_hidden(timeout=20_000)
    assert page.request.get(f"/datasets/{mixed}").json()["roles"]["which_one"] == "equipment"
    detect(page)
    expect(page.locator("#headline-found")).to_contain_text("on north")


def test_a_result_made_with_other_roles_is_marked_and_made_again_at_a_press(page: Page, mixed: str) -> None:
    page.goto(f"/problems/check?dataset={mixed}")
    page.click("#severe .dismiss")
    expect(page.locator("#severe")).to_be_hidden()
    expect(page.locator("#detect")).to_be_focused()
    detect(page)
    expect(page.locator("#stale")).to_be_hidden()
    page.reload()
    expect(page.locator("#found")).to_be_visible(timeout=30_000)
    expect(page.locator("#severe")).to_be_hidden()  # it stays dismissed
    page.request.patch(f"/datasets/{mixed}", data={"roles": {"which_one": "equipment"}})
    page.reload()
    expect(page.locator("#stale")).to_contain_text("other roles", timeout=30_000)
    page.click("#again")
    expect(page.locator("#stale")).to_be_hidden(timeout=30_000)
    expect(page.locator("#headline-found")).to_contain_text("on north")


def test_an_upload_with_hostile_texts_is_judged(page: Page) -> None:
    answer = page.request.post(
        "/datasets", multipart={"file": {"name": "<i>etch</i>.csv", "mimeType": "text/csv", "buffer": CSV.encode()}}
    )
    dataset = answer.json()["id"]
    page.goto(f"/problems/check?dataset={dataset}")
    expect(page.locator("#dataset option:checked")).to_have_text("i>.csv")
    expect(page.locator("#sensor-count")).to_have_text("2 of 2 sensors")
    page.select_option("#threshold-by", "contamination")
    page.fill("#contamination", "1")
    detect(page)
    expect(page.locator("#events")).to_contain_text(HOSTILE)
    expect(page.locator("#series .ytitle")).to_have_text("<b>pressure</b>")
    page.request.delete(f"/datasets/{dataset}")
    page.reload()
    expect(page.locator("#notes")).to_contain_text("no longer there")
    expect(page.locator("#dataset option:checked")).to_have_text("Demo fab (virtual)")


def test_sensors_are_searched_and_chosen_by_keyboard(page: Page) -> None:
    open_fresh(page)
    page.fill("#sensor-search", "flow")
    expect(page.locator("#sensors .form-check:visible")).to_have_count(3)
    page.fill("#sensor-search", "rf_*")
    expect(page.locator("#sensors .form-check:visible")).to_have_count(2)
    page.fill("#sensor-search", "flow")
    page.click("#sensors-all")
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
    open_fresh(page)
    page.click("text=한국어")
    expect(page.locator("#detect")).to_have_text("판정")
    page.select_option("#theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    see_chart(page, "#series")


def test_a_narrow_phone_shows_everything_without_sideways_scroll(phone: Page) -> None:
    open_fresh(phone)
    assert fits(phone)
    detect(phone)
    assert fits(phone)
    for tab in ("distribution", "correlation", "score"):
        phone.click(f"#{tab}-tab")
        phone.wait_for_timeout(300)
        assert fits(phone), tab
    expect(phone.locator("#summary")).to_contain_text("이벤트")
    expect(phone.locator("#settings")).to_be_hidden()  # folded away above the result
    expect(phone.locator(".modebar")).to_have_count(0)  # it would lie over the legend


def test_the_progress_of_a_run_comes_into_view_on_a_phone(phone: Page) -> None:
    open_fresh(phone)
    phone.select_option("#detector", "moment_only")
    phone.select_option("#threshold-by", "contamination")
    phone.fill("#contamination", "3.23")  # settings that no other test uses
    with kept_from_its_end(phone):
        phone.click("#detect")
        expect(phone.locator("#run-progress")).to_be_in_viewport()
    expect(phone.locator("#run-progress")).to_be_hidden(timeout=60_000)


def test_no_figure_offers_to_send_its_data_elsewhere(page: Page) -> None:
    open_fresh(page)
    detect(page)
    titles = page.evaluate("[...document.querySelectorAll('.modebar-btn')].map((button) => button.dataset.title)")
    assert "Save as PNG" in titles
    assert not [title for title in titles if "share" in title.lower() or "cloud" in title.lower()]


def test_every_control_has_a_name(page: Page) -> None:
    open_fresh(page)
    detect(page)
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, select, input, a[href]")].filter((control) => {
          const words = control.getAttribute("aria-label") || control.textContent.trim() || control.title;
          return !words && !(control.labels && control.labels.length) && control.type !== "hidden";
        }).map((control) => control.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
