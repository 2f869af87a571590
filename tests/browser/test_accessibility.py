"""Every page by axe-core, light and dark, on a desk and on a small phone: no serious fault, no sideways scroll."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.charts import see_chart

pytestmark = pytest.mark.browser

CHART = " .main-svg"
# Page -> what is drawn when it is ready. RUN stands for a quick detection of the demo, UPLOADED for unchecked data.
BEFORE = {
    "/": ".problem-list",  # once the demo has been checked by itself
    "/problems?dataset=UPLOADED": "#detect",
    "/problems/check?dataset=demo": "#series .main-svg",
    "/data": "#quality-pane[aria-busy=false]",
    "/problems/groups": "main",
    "/monitors/compare": "main",
    "/monitors": "#learn-form",
    "/data/checks": "main",
    "/watch": "#watch-start:not([hidden])",
    "/problems/event": "main [role=alert]",
}
AFTER = {
    "/problems?run=RUN": ".problem-list",
    "/problems/check?run=RUN": "#results[aria-busy='false'] #found",
    "/problems/groups?run=RUN": "#overlay-chart .main-svg",
    "/data/checks": "#runs li",
    "/problems/event?run=RUN&event=1": "#course .main-svg",
}
# Of a server that asks for a token, before it was shown; the last is the page of an error.
OUTSIDE = {"/login": "#token", "/": "#token", "/?token=wrong": "h1"}


@pytest.fixture(scope="module")
def run(server: str) -> Iterator[str]:
    body = json.dumps({"detector": "squared_difference", "contamination": 0.01}).encode()
    request = urllib.request.Request(f"{server}/detect", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        yield str(json.load(answer)["run"])


@pytest.fixture(scope="module")
def uploaded(server: str) -> Iterator[str]:
    rows = "\n".join(f"{at},{at % 5}" for at in range(50))
    with httpx.Client(base_url=server) as client:
        made = client.post("/datasets", files={"file": ("new.csv", f"time,a\n{rows}".encode())}).json()["id"]
        yield made
        client.delete(f"/datasets/{made}")


def check(page: Page, path: str, ready: str) -> None:
    """Once for each theme, without loading the page again: it follows the system's."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(path)
    if ready.endswith(CHART):
        see_chart(page, ready.removesuffix(CHART), 60_000)
    page.locator(ready).first.wait_for(timeout=60_000)
    assert faults_in_both_themes(page) == [], path
    assert fits(page), path


@pytest.mark.parametrize("path", BEFORE)
def test_before_a_detection(page: Page, uploaded: str, path: str) -> None:
    page.allowed_faults.append("404")  # type: ignore[attr-defined]
    check(page, path.replace("UPLOADED", uploaded), BEFORE[path])


@pytest.mark.parametrize("path", BEFORE)
def test_before_a_detection_on_a_phone_in_korean(phone: Page, uploaded: str, path: str) -> None:
    phone.allowed_faults.append("404")  # type: ignore[attr-defined]
    check(phone, path.replace("UPLOADED", uploaded), BEFORE[path])


@pytest.mark.parametrize("path", AFTER)
def test_after_a_detection(page: Page, run: str, path: str) -> None:
    check(page, path.replace("RUN", run), AFTER[path])


@pytest.mark.parametrize("path", AFTER)
def test_after_a_detection_on_a_phone_in_korean(phone: Page, run: str, path: str) -> None:
    check(phone, path.replace("RUN", run), AFTER[path])


@pytest.mark.parametrize("path", OUTSIDE)
def test_before_the_token_was_shown(guarded_page: Page, path: str) -> None:
    guarded_page.allowed_faults.append("401")  # type: ignore[attr-defined]
    check(guarded_page, path, OUTSIDE[path])


@pytest.mark.parametrize("path", OUTSIDE)
def test_before_the_token_was_shown_on_a_phone_in_korean(guarded_phone: Page, path: str) -> None:
    guarded_phone.allowed_faults.append("401")  # type: ignore[attr-defined]
    check(guarded_phone, path, OUTSIDE[path])


def test_an_address_that_leads_nowhere(page: Page) -> None:
    page.allowed_faults.append("404")  # type: ignore[attr-defined]
    check(page, "/nowhere", "h1")


def test_an_address_that_leads_nowhere_on_a_phone_in_korean(phone: Page) -> None:
    phone.allowed_faults.append("404")  # type: ignore[attr-defined]
    check(phone, "/nowhere", "h1")
