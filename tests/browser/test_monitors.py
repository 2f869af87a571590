"""The Monitors pages in a browser: learnt from data, used to detect, compared, put in use, deleted and brought back."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.commands.test_monitor_commands import fab_rows

pytestmark = pytest.mark.browser


@pytest.fixture
def api(server: str) -> Iterator[httpx.Client]:
    """The same server as a program sees it, with two uploads and without any monitor, before and afterwards."""
    files = {"golden.csv": fab_rows(25), "today.csv": fab_rows(10, first=60, seed=2, leak=65)}
    with httpx.Client(base_url=server, timeout=60) as client:
        empty(client)
        for name, frame in files.items():
            client.post("/datasets", files={"file": (name, frame.to_csv(index=False).encode())})
        yield client
        empty(client)


def empty(client: httpx.Client) -> None:
    for monitor in client.get("/monitors").json()["monitors"]:
        client.delete(f"/monitors/{monitor['name']}")
    for dataset in client.get("/datasets").json()["datasets"]:
        if not dataset["builtin"]:
            client.delete(f"/datasets/{dataset['id']}")


def learn(page: Page, name: str, data: str) -> None:
    page.goto("/monitors")
    page.locator("#learn-name").fill(name)
    for box in page.locator("#learn-datasets input").all():
        box.set_checked(False)
    page.locator("#learn-datasets label", has_text=data).click()
    page.locator("#learn-detector").select_option("statistical")
    page.locator("#learn-form [type=submit]").click()
    expect(page.locator("[data-monitor]")).to_have_attribute("data-monitor", name)


def test_a_monitor_is_learnt_used_and_deleted_on_the_pages(page: Page, api: httpx.Client) -> None:
    learn(page, "etch-poly", "golden.csv")
    expect(page.locator("h1")).to_contain_text("etch-poly v1")
    expect(page.locator("main")).to_contain_text("1,500 rows")
    expect(page.get_by_role("row", name="PM2 POLY")).to_contain_text("25")
    page.get_by_role("link", name="Check data with it").click()
    expect(page.locator("#monitor")).to_have_value("etch-poly@1")
    expect(page.locator("#detector")).to_be_hidden()
    page.locator("#dataset").select_option(label="today.csv")
    page.locator("#detect").click()
    expect(page.locator("#summary")).to_contain_text("etch-poly@1")
    expect(page.locator("#headline-found")).to_contain_text("PM2")

    learn(page, "etch-poly", "golden.csv")
    expect(page.locator("h1")).to_contain_text("v1")
    page.locator("#compare-form [type=submit]").click()
    expect(page.locator("#compared")).to_contain_text("Only in version 1")
    page.get_by_role("button", name="Use v2").click()
    expect(page.locator("h1")).to_contain_text("v2")
    page.get_by_role("button", name="Return to v1").click()
    expect(page.locator("h1")).to_contain_text("v1")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#notes")).to_contain_text("etch-poly was deleted.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_contain_text("etch-poly v1")


def test_a_refusal_is_shown_in_a_sentence(page: Page, api: httpx.Client) -> None:
    page.allowed_faults.append("422")  # type: ignore[attr-defined]
    page.goto("/monitors")
    page.locator("#learn-name").fill("etch/poly")
    page.locator("#learn-form [type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("A monitor cannot be called etch/poly.")
    page.locator("#import-form [type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("No file is chosen.")


def test_the_pages_fit_a_small_phone_in_korean(phone: Page, api: httpx.Client) -> None:
    learn(phone, "식각", "golden.csv")
    for path in ("/monitors", "/monitors/식각"):
        phone.goto(path)
        expect(phone.locator("h1")).to_be_visible()
        for theme in ("light", "dark"):
            phone.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            found = Axe().run(phone).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], (path, theme)
        assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    expect(phone.locator("main")).to_contain_text("학습한 데이터")
