"""The page of one event in a browser: read, judged, walked through, printed, on a desk and on a phone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import fits
from tests.browser.charts import see_chart
from tests.browser.conftest import leave_and_delete

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
CSV = "time,equipment,lot,step,<b>pressure</b>,__proto__\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{machine},{HOSTILE},<i>etch</i>,"
    f"{9 if machine == HOSTILE and at in (200, 201, 300) else at % 3 * 0.1},{at % 7}"
    for at in range(400)
    for machine in (HOSTILE, "E2")
)


def asked(page: Page, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = page.request.post(path, data=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.ok, answer.text()
    return dict(answer.json())


def opened(page: Page, *, event: int = 2, **body: Any) -> dict[str, Any]:
    """The page of an event of a quick detection, with its figures drawn."""
    found = asked(page, "/detect", {"detector": "squared_difference", "contamination": 0.01, **body})
    page.goto(f"/problems/event?run={found['run']}&event={event}")
    drawn(page)
    return found


def drawn(page: Page) -> None:
    for name in ("course", "nearest", "sisters"):
        see_chart(page, f"#{name}")
    expect(page.locator("#explanation")).not_to_have_attribute("aria-busy", "true")


def test_an_event_is_explained_on_one_screen(page: Page) -> None:
    found = opened(page, contamination=None, threshold=3.0)
    event = found["events"][1]
    expect(page.locator("#title")).to_have_text(f"Event 2 of {found['events_total']}")
    expect(page.locator("#facts")).to_contain_text(event["equipment"])
    expect(page.locator("#facts")).to_contain_text("peak score")
    expect(page.locator("#sensors tbody tr")).to_have_count(12)
    expect(page.locator("#sensors tbody tr").first).to_contain_text(event["sensors"][0]["sensor"])
    expect(page.locator("#course-note")).to_contain_text("the normal band of each recipe step")
    expect(page.locator("#nearest-note")).to_contain_text("Same recipe")
    expect(page.locator("#sister-list li")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollHeight") <= 960
    assert fits(page)


def test_events_are_walked_through_by_key_and_by_link(page: Page) -> None:
    opened(page, event=1)
    expect(page.locator("#previous")).not_to_have_attribute("href", "/problems/event")
    page.keyboard.press("k")
    expect(page.locator("#title")).to_contain_text("Event 1 of")
    for key, number in (("j", 2), ("ArrowRight", 3), ("k", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(page.locator("#title")).to_contain_text(f"Event {number} of")
        assert f"event={number}" in page.url
        drawn(page)
    page.click("#next")
    expect(page.locator("#title")).to_contain_text("Event 2 of")
    page.go_back()
    expect(page.locator("#title")).to_contain_text("Event 1 of")
    page.focus("#note")
    page.keyboard.type("jkjk")
    expect(page.locator("#note")).to_have_value("jkjk")
    expect(page.locator("#title")).to_contain_text("Event 1 of")


def test_an_event_is_judged_by_keyboard_and_the_verdict_stays(page: Page) -> None:
    found = opened(page, event=3)
    page.fill("#note", HOSTILE)
    page.focus("button[value=true_alarm]")
    page.keyboard.press("Enter")
    expect(page.locator("button[value=true_alarm]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#said")).to_contain_text("True alarm, said local on")
    expect(page.locator("#status")).to_have_text("The verdict is kept.")
    page.reload()
    expect(page.locator("#note")).to_have_value(HOSTILE)
    page.goto(f"/problems/check?run={found['run']}")
    expect(page.locator("#events tr[data-event='3']")).to_contain_text("true alarm")
    page.go_back()
    page.click("#undo")
    expect(page.locator("#said")).to_have_text("Nobody has said yet what it was.")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#note")).to_have_value("")


def test_a_note_that_is_being_written_outlives_another_event_and_a_reload(page: Page) -> None:
    opened(page, event=1)
    page.fill("#note", "밸브 교체 예정")
    page.click("#next")
    expect(page.locator("#title")).to_contain_text("Event 2 of")
    expect(page.locator("#note")).to_have_value("")
    page.click("#previous")
    expect(page.locator("#title")).to_contain_text("Event 1 of")
    expect(page.locator("#note")).to_have_value("밸브 교체 예정")
    page.reload()
    expect(page.locator("#note")).to_have_value("밸브 교체 예정")
    page.click("button[value=false_alarm]")
    expect(page.locator("#said-note")).to_have_text("밸브 교체 예정")
    page.click("#undo")
    expect(page.locator("#note")).to_have_value("")


def test_what_an_event_is_like_leads_to_it(page: Page) -> None:
    opened(page, event=2)
    links = page.locator("#similar a")
    expect(links.first).to_be_visible()
    address = links.first.get_attribute("href")
    links.first.click()
    expect(page).to_have_url(f"{page.url.split('/problems')[0]}{address}")
    drawn(page)
    page.click("#back")
    expect(page.locator("h1.sentence")).to_be_visible()


def test_what_moment_expected_is_an_option_next_to_the_normal_band(page: Page) -> None:
    opened(page)
    expect(page.locator("#moment-field")).to_be_hidden()  # MOMENT did not judge these data
    lines = ["time,equipment,pressure,flow"]
    lines += [
        f"2026-03-01T09:{at // 60:02d}:{at % 60:02d},E1,{9 if 500 <= at < 520 else at % 3 * 0.1},{at % 5}"
        for at in range(900)
    ]
    file = {"name": "moment.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    dataset = page.request.post("/datasets", multipart={"file": file}).json()["id"]
    body = {"dataset": dataset, "detector": "moment", "contamination": 0.02}
    found = page.request.post("/detect", data=body, timeout=120_000).json()
    worst = found["headline"]["event"]
    page.goto(f"/problems/event?run={found['run']}&event={worst}")
    expect(page.locator("#course .legend")).to_contain_text("normal band")
    expect(page.locator("#course .legend")).not_to_contain_text("expected by MOMENT")
    page.check("#moment")
    expect(page.locator("#course .legend")).to_contain_text("expected by MOMENT", timeout=60_000)
    expect(page.locator("#course-note")).to_contain_text("Dashed: what MOMENT")
    page.uncheck("#moment")
    expect(page.locator("#course .legend")).not_to_contain_text("expected by MOMENT", timeout=60_000)
    leave_and_delete(page, f"/datasets/{dataset}")


def test_hostile_names_are_shown_as_they_are(page: Page) -> None:
    upload = page.request.post(
        "/datasets", multipart={"file": {"name": "<i>.csv", "mimeType": "text/csv", "buffer": CSV.encode()}}
    )
    dataset = upload.json()["id"]
    opened(page, event=1, dataset=dataset)
    expect(page.locator("#facts")).to_contain_text(HOSTILE)
    expect(page.locator("#sensors")).to_contain_text("<b>pressure</b>")
    expect(page.locator("#course .annotation-text").first).to_have_text("<b>pressure</b>")
    page.request.delete(f"/datasets/{dataset}")
    page.allowed_faults.append("404")  # type: ignore[attr-defined]
    page.keyboard.press("j")
    expect(page.locator("#problem")).to_be_visible()
    page.reload()
    expect(page.locator("main [role=alert]")).to_be_visible()
    page.click("text=To the list of runs")
    expect(page).to_have_url(f"{page.url.split('/data')[0]}/data/checks")


def test_paper_shows_the_explanation_and_no_controls(page: Page) -> None:
    opened(page)
    widths = page.evaluate(
        """() => {
          window.dispatchEvent(new Event("beforeprint"));
          const drawn = (name) => document.querySelector(`#${name} .main-svg`);
          return ["course", "nearest"].map((name) => drawn(name).getBoundingClientRect().width);
        }"""
    )
    assert 900 < widths[0] <= 1040
    assert 400 < widths[1] <= 520
    page.emulate_media(media="print")
    for gone in (".top", ".event-steps", "#verdict"):
        expect(page.locator(gone)).to_be_hidden()
    for kept in ("#title", "#facts", "#course", "#sensors", "#said"):
        expect(page.locator(kept)).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(page.locator("#explanation")).to_have_css("grid-template-columns", re.compile(r"^328px .* .*$"))


def test_a_phone_shows_everything_in_korean_without_sideways_scroll(phone: Page) -> None:
    opened(phone)
    assert fits(phone)
    expect(phone.locator("#title")).to_contain_text("이벤트 2 /")
    expect(phone.locator("#facts")).to_contain_text("레시피")
    expect(phone.locator("#nearest-title")).to_have_text("가장 가까운 정상 구간")
    expect(phone.locator("#facts")).to_contain_text("최고 점수")
    phone.tap("button[value=false_alarm]")
    expect(phone.locator("#said")).to_contain_text("오경보: local")
    phone.tap("#undo")
    assert "{" not in phone.locator("main").inner_text()
