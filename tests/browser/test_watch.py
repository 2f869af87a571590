"""The Watch page: alarms that outlive the server, chambers in groups, squares by keyboard, a screen on the wall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import fits, serious_faults
from tests.browser.conftest import _DESK, _PHONE
from tests.live.receivers import WebhookReceiver, wait_for
from tests.server_process import ServerProcess

pytestmark = pytest.mark.browser


@pytest.fixture
def killed_server(tmp_path: Path) -> Iterator[ServerProcess]:
    own = {"WAFERWATCH_WEBHOOK_ADDRESSES": "127.0.0.0/8"}
    server = ServerProcess(tmp_path / "data", tmp_path / "log", **own)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def phone(browser: Browser, killed_server: ServerProcess) -> Iterator[Page]:
    context = browser.new_context(**_PHONE, base_url=killed_server.url)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser, killed_server: ServerProcess) -> Iterator[Page]:
    context = browser.new_context(**_DESK, base_url=killed_server.url)
    yield context.new_page()
    context.close()


# At once: the alarm may end between two commands of the test, as the replay goes on.
ACKNOWLEDGE_FIRST = """() => {
  const alarm = document.querySelector("#need .alarm");
  alarm.querySelector("button.btn-primary").click();
  return [alarm.dataset.alarm, alarm.querySelector(".alarm-title").innerText];
}"""


def test_an_alarm_is_acknowledged_on_a_phone_and_outlives_the_server(phone: Page, killed_server: ServerProcess) -> None:
    with WebhookReceiver() as receiver:
        channel = {"name": "mes", "kind": "webhook", "target": receiver.url, "language": "ko"}
        assert httpx.post(f"{killed_server.url}/alarms/channels", json=channel).status_code == 201
        phone.goto("/watch")
        expect(phone.locator("h1")).to_have_text("연결된 수집원 없음")
        phone.get_by_role("button", name="데모를 실시간으로 재생").click()
        alarm = phone.locator("#need .alarm").first
        expect(alarm).to_be_visible(timeout=120_000)
        expect(phone.locator(".pages .unread")).to_be_visible()
        number, title = phone.evaluate(ACKNOWLEDGE_FIRST)
        acknowledge = phone.locator(f"[data-alarm='{number}']").get_by_role("button", name="확인(ACK)")
        expect(acknowledge).to_have_count(0)
        assert fits(phone)
        assert serious_faults(phone) == []
        killed_server.kill()
        expect(phone.locator("#lost")).to_contain_text("연결 끊김")
        killed_server.start()
        expect(phone.locator("#lost")).to_be_hidden(timeout=60_000)
        kept = httpx.get(f"{killed_server.url}/alarms/{number}", headers={"Accept-Language": "ko"}).json()
        assert kept["acknowledged_by"] == "local"
        assert title.endswith(kept["title"])
        phone.reload()
        shown = phone.locator(f"[data-alarm='{number}']")
        expect(shown).to_contain_text("확인: local")  # in the list of acknowledged ones, or of closed ones
        assert shown.evaluate("one => one.closest('ol').id") in ("acknowledged", "closed")
        webhooks = wait_for(lambda: [body for _, body in receiver.taken if f'"id": {number},'.encode() in body])
        assert "alarm.opened" in webhooks[0].decode()


def send(server: ServerProcess, *equipment: str) -> None:
    rows = [f'{{"equipment": "{one}", "time": "2026-01-05T08:00:00", "pressure": 5.0}}' for one in equipment]
    assert httpx.post(f"{server.url}/live/line 3/rows", content="\n".join(rows)).status_code == 202


def test_chambers_stand_in_groups_and_what_is_chosen_stands_in_the_address(
    desk: Page, killed_server: ServerProcess
) -> None:
    send(killed_server, "CVD-1", *(f"ETCH{number:03d}" for number in range(80)))
    desk.goto("/")
    expect(desk).to_have_url(f"{killed_server.url}/watch")
    etch = desk.locator("[data-group=ETCH]")
    expect(etch.locator(".group-counts")).to_contain_text("chambers: 80 · no monitor 80")
    expect(etch.locator("canvas")).to_be_visible()
    expect(desk.locator("[data-group=CVD] canvas")).to_be_hidden()
    expect(desk.locator("#sources")).to_contain_text("line 3")
    shown = etch.locator(".chamber").count()
    etch.get_by_role("button", name="Show more").click()
    expect(desk.locator("[data-group=CVD]")).to_have_count(0)
    expect(etch.locator(".chamber").nth(shown)).to_be_visible()
    assert desk.url.endswith("/watch?area=ETCH")
    desk.locator("#fleet-find").fill("ETCH07")
    desk.locator("#fleet-find").press("Enter")
    expect(etch.locator(".chamber")).to_have_count(10)
    desk.reload()
    expect(etch.locator(".chamber")).to_have_count(10)
    assert serious_faults(desk) == []


def test_a_square_is_chosen_by_keyboard_and_its_chamber_goes_into_maintenance(
    desk: Page, killed_server: ServerProcess
) -> None:
    send(killed_server, *(f"ETCH{number:03d}" for number in range(80)))
    desk.goto("/watch")
    squares = desk.locator("[data-group=ETCH] canvas")
    squares.focus()
    squares.press("ArrowRight")
    expect(desk.locator(".squares-label")).to_have_text("ETCH001 · no monitor")
    squares.press("Enter")
    expect(desk.locator("#trace-title")).to_have_text("ETCH001")
    desk.get_by_text("Maintenance (PM) of this chamber").click()
    desk.locator("#maintenance-note").fill("wet clean")
    desk.get_by_role("button", name="It begins").click()
    expect(desk.locator("#status")).to_have_text("Maintenance begun: ETCH001")
    desk.get_by_role("button", name="It begins").click()
    expect(desk.locator("#problem")).to_contain_text("in maintenance already")
    desk.get_by_role("button", name="It has ended").click()
    expect(desk.locator("#status")).to_have_text("Maintenance ended: ETCH001")


def test_a_wall_has_no_controls_and_a_key_leads_back(desk: Page, killed_server: ServerProcess) -> None:
    send(killed_server, "ETCH-1")
    desk.goto("/watch?area=ETCH")
    expect(desk.locator(".chamber")).to_have_count(1)
    desk.keyboard.press("w")
    expect(desk).to_have_url(f"{killed_server.url}/watch?area=ETCH&wall=1")
    expect(desk.locator(".chamber")).to_have_count(1)
    expect(desk.locator("html")).to_have_attribute("data-bs-theme", "dark")
    visible = [one for one in desk.locator("a, select, input, .btn").all() if one.is_visible()]
    assert visible == []
    assert serious_faults(desk) == []
    desk.keyboard.press("Escape")
    expect(desk.locator(".pages")).to_be_visible()
    assert desk.url.endswith("/watch?area=ETCH")


def test_chambers_of_one_name_say_their_source_and_one_without_a_monitor_has_no_empty_score(
    desk: Page, killed_server: ServerProcess
) -> None:
    send(killed_server, "ETCH-1", "ETCH-2")
    row = '{"equipment": "ETCH-1", "time": "2026-01-05T08:00:00", "pressure": 5.0}'
    assert httpx.post(f"{killed_server.url}/live/line 4/rows", content=row).status_code == 202
    desk.goto("/watch")
    names = desk.locator(".chamber-name")
    expect(names).to_have_count(3)
    assert sorted(names.all_inner_texts()) == ["ETCH-1 · line 3", "ETCH-1 · line 4", "ETCH-2"]
    names.first.click()
    expect(desk.locator("#trace-values svg")).to_be_visible()
    expect(desk.locator("#trace-score")).to_have_text("No score: no monitor watches this chamber.")
    expect(desk.locator("#trace-score svg")).to_have_count(0)
