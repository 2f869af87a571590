"""The Watch page on a phone in Korean: the demo plays, an alarm comes, is acknowledged, and outlives the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import _PHONE, _START, _free_port, _wait
from tests.live.receivers import WebhookReceiver, wait_for

pytestmark = pytest.mark.browser


class KilledServer:
    """A server of its own that can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._own = {
            "WAFERWATCH_PORT": str(port),
            "WAFERWATCH_DATA_DIR": str(folder / "data"),
            "WAFERWATCH_WEBHOOK_ADDRESSES": "127.0.0.0/8",
        }
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen([sys.executable, "-c", _START], env=os.environ | self._own, stderr=log)
        _wait(f"{self.url}/healthz", self._process, self._folder / "log")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(15)


@pytest.fixture
def killed_server(tmp_path: Path) -> Iterator[KilledServer]:
    server = KilledServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def phone(browser: Browser, killed_server: KilledServer) -> Iterator[Page]:
    context = browser.new_context(**_PHONE, base_url=killed_server.url)
    yield context.new_page()
    context.close()


# At once: the alarm may end between two commands of the test, as the replay goes on.
ACKNOWLEDGE_FIRST = """() => {
  const alarm = document.querySelector("#need .alarm");
  alarm.querySelector("button.btn-primary").click();
  return [alarm.dataset.alarm, alarm.querySelector(".alarm-title").innerText];
}"""


def test_an_alarm_is_acknowledged_on_a_phone_and_outlives_the_server(phone: Page, killed_server: KilledServer) -> None:
    with WebhookReceiver() as receiver:
        channel = {"name": "mes", "kind": "webhook", "target": receiver.url, "language": "ko"}
        assert httpx.post(f"{killed_server.url}/alarms/channels", json=channel).status_code == 201
        phone.goto("/watch")
        expect(phone.locator("h1")).to_have_text("연결된 수집원 없음")
        phone.get_by_role("button", name="데모를 실시간으로 재생").click()
        alarm = phone.locator("#need .alarm").first
        expect(alarm).to_be_visible(timeout=120_000)
        number, title = phone.evaluate(ACKNOWLEDGE_FIRST)
        acknowledge = phone.locator(f"[data-alarm='{number}']").get_by_role("button", name="확인(ACK)")
        expect(acknowledge).to_have_count(0)
        assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        found = Axe().run(phone).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        killed_server.kill()
        expect(phone.locator("#lost")).to_contain_text("연결 끊김")
        killed_server.start()
        expect(phone.locator("#lost")).to_be_hidden(timeout=60_000)
        kept = httpx.get(f"{killed_server.url}/alarms/{number}", headers={"Accept-Language": "ko"}).json()
        assert kept["acknowledged_by"] == "local"
        assert title.endswith(kept["title"])
        told = wait_for(lambda: [body for _, body in receiver.taken if f'"id": {number},'.encode() in body])
        assert "alarm.opened" in told[0].decode()
