"""The Monitors pages in a browser: the life of a monitor from a golden set to another server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.access import faults_in_both_themes, fits
from tests.browser.conftest import _serve
from tests.commands.test_monitor_commands import fab_rows
from tests.server_process import without_demo_check

MAINTENANCE = "2026-11-20 01:20:00"  # before the wafer with number 120
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


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Another server on a data folder of its own."""
    yield from _serve(tmp_path, without_demo_check)


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


def test_what_is_typed_and_sent_before_the_script_has_come_is_done_once_it_has(page: Page, api: httpx.Client) -> None:
    held: list[Route] = []
    page.route("**/monitors/monitors*.js", lambda route: held.append(route))
    golden = api.get("/datasets").json()["datasets"][1]["id"]
    page.goto(f"/monitors?name=asked&dataset={golden}&equipment=PM1#learn", wait_until="commit")
    expect(page.locator("#learn-equipment")).to_have_value("PM1")
    expect(page.locator("#learn-datasets input:checked")).to_have_value(golden)
    page.locator("#learn-name").fill("typed")
    page.locator("#learn-detector").select_option("statistical")
    page.locator("#learn-form [type=submit]").click(no_wait_after=True)
    expect(page.locator("#learn-name")).to_have_value("typed")
    held[0].continue_()
    expect(page.locator("[data-monitor]")).to_have_attribute("data-monitor", "typed", timeout=30_000)


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
    for path in ("/monitors", "/monitors/식각", "/golden-sets", "/golden-sets/식각/1"):
        phone.goto(path)
        expect(phone.locator("h1")).to_be_visible()
        assert faults_in_both_themes(phone) == [], path
        assert fits(phone), path
    phone.goto("/monitors/식각")
    expect(phone.locator("main")).to_contain_text("학습한 데이터")


def after_maintenance() -> pd.DataFrame:
    """Wafers before and after a maintenance that has moved the pressure."""
    return pd.concat([fab_rows(20, first=100, seed=3), fab_rows(30, first=120, seed=4, pressure=0.3)])


def check(page: Page, data: str) -> None:
    """Check a data set with the monitor that is shown, from its page."""
    page.get_by_role("link", name="Check data with it").click()
    expect(page.locator("#monitor")).to_have_value("etch-life@1")
    page.locator("#dataset").select_option(label=data)
    page.locator("#detect").click()
    expect(page.locator("#summary")).to_contain_text("etch-life@")


def found_on(client: httpx.Client, name: str) -> Any:
    """What a monitor finds in the rows of ``today.csv``."""
    listed = client.get("/datasets").json()["datasets"]
    (dataset,) = [one["id"] for one in listed if one["name"] == "today.csv"]
    answer = client.post("/detect", json={"dataset": dataset, "monitor": name}).json()
    scores = client.get(f"/runs/{answer['run']}/export?what=rows&format=csv").raise_for_status().content
    return answer["events"], answer["model_digest"], scores


def test_the_whole_life_of_a_monitor_is_walked_on_the_pages(
    page: Page, api: httpx.Client, elsewhere: str, tmp_path: Path
) -> None:
    rows = {"lots.csv": fab_rows(40), "tomorrow.csv": fab_rows(10, first=80, seed=7), "pm.csv": after_maintenance()}
    for name, frame in rows.items():
        api.post("/datasets", files={"file": (name, frame.to_csv(index=False).encode())})

    # A golden set of three lots without one wafer, and a monitor that learns from it.
    page.goto("/monitors")
    page.locator("#learn-name").fill("etch-life")
    page.locator("#learn-datasets label", has_text="Demo").click()
    page.locator("#learn-datasets label", has_text="lots.csv").click()
    for lot in ("L0", "L3", "L1", "L2", "L3"):  # pressed twice: not chosen after all
        page.get_by_role("button", name=lot, exact=True).click()
    expect(page.locator("#learn-lots")).to_have_value("L0, L1, L2")
    expect(page.locator("#learn-start")).to_have_attribute("placeholder", "2026-11-20 00:00:00")
    page.locator("#learn-leave_out").fill("L0/W0")
    page.locator("#learn-detector").select_option("statistical")
    page.locator("#learn-rule").select_option("false_alarms")
    page.locator("#learn-form [type=submit]").click()
    expect(page.locator("h1")).to_contain_text("etch-life v1")
    expect(page.locator(".promised")).to_contain_text('"1 a week" is not proven: 0.48 hours of golden data carry')
    expect(page.locator("#drift-title + p")).to_contain_text("nothing is known of drift")
    page.get_by_role("link", name="etch-life v1").click()
    expect(page.locator("h1")).to_have_text("etch-life v1")
    expect(page.locator("main")).to_contain_text("Lots: L0, L1, L2")
    expect(page.get_by_role("row", name="PM1 POLY")).to_contain_text("29")
    expect(page.locator("main")).to_contain_text("by name: L0/W0")
    page.get_by_role("link", name="etch-life@1").click()

    # Two new files; nothing is learnt from them.
    check(page, "today.csv")
    expect(page.locator("#headline-found")).to_contain_text("PM2")
    page.goto("/monitors/etch-life")
    check(page, "tomorrow.csv")
    page.goto("/monitors/etch-life")
    expect(page.locator(".fits-yes")).to_contain_text("Its normal fits the data scored last.")
    check(page, "pm.csv")
    page.goto("/monitors/etch-life")
    expect(page.locator(".fits-no")).to_contain_text("no longer fits")
    expect(page.get_by_role("row", name="pressure PM1")).to_be_visible()

    # A maintenance is marked, and the level after it learnt; not of chambers that the monitor does not watch.
    page.goto("/pm?dataset=demo&chamber=ETCH-01&at=2026-01-05 09:00:00")
    expect(page.get_by_role("button", name="Keep as a mark")).to_be_visible()
    expect(page.get_by_role("link", name="Rebase etch-life")).to_have_count(0)
    listed = api.get("/datasets").json()["datasets"]
    (pm,) = [one["id"] for one in listed if one["name"] == "pm.csv"]
    page.goto(f"/pm?dataset={pm}&at={MAINTENANCE}")
    page.get_by_role("button", name="Keep as a mark").click()
    page.get_by_role("link", name="Rebase etch-life").click()
    expect(page.locator("#rebase-dataset")).to_have_value(pm)
    expect(page.locator("#rebase-since")).to_have_value(MAINTENANCE)
    expect(page.locator("#rebase-marks option")).to_have_count(1)
    page.locator("#rebase-form [type=submit]").click()
    expect(page.get_by_role("row", name="v2 draft")).to_contain_text("rebased after a maintenance (v1)")
    page.get_by_text("What it learnt and refused").click()
    expect(page.get_by_role("row", name="v2 draft")).to_contain_text("pressure")

    # Both versions are replayed on data before the new one is used; the way back is open.
    page.locator("#compare-dataset").select_option(label="pm.csv")
    page.locator("#compare-form [type=submit]").click()
    expect(page.locator("#compared")).to_contain_text("Only in version 1: PM")
    page.get_by_role("button", name="Use v2").click()
    expect(page.locator("h1")).to_contain_text("v2 · in use")
    page.get_by_role("button", name="Return to v1").click()
    expect(page.locator("h1")).to_contain_text("v1 · in use")

    # To another server, where it gives equal scores.
    with page.expect_download() as download:
        page.get_by_role("link", name="Export v2").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    other = page.context.browser.new_page(base_url=elsewhere)  # type: ignore[union-attr]
    other.goto("/monitors")
    other.locator("#import-file").set_input_files(file)
    other.locator("#import-form [type=submit]").click()
    expect(other.locator("h1")).to_contain_text("etch-life v1 · in use")
    expect(other.locator("main")).to_contain_text("imported")
    other.close()
    with httpx.Client(base_url=elsewhere, timeout=60) as client:
        today = fab_rows(10, first=60, seed=2, leak=65).to_csv(index=False).encode()
        client.post("/datasets", files={"file": ("today.csv", today)})
        assert found_on(client, "etch-life") == found_on(api, "etch-life@2")
