"""Every table of every page can be taken away as CSV and as a workbook."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Iterator
from functools import partial

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# Page -> what is there once it is ready. RUN: a check of the demo, COMPARED: a comparison, FIRST: its first problem.
PAGES = {
    "/problems?run=RUN&faults=1": ".problem-list",
    "/problems/FIRST?run=RUN&checks=1": "#checks-table",
    "/problems/event?run=RUN&event=1": "#sensors tbody tr",
    "/problems/groups?run=RUN": "#groups tbody tr",
    "/problems/check?run=RUN": "#events tbody tr",
    "/trends?run=RUN": "#grid tbody tr",
    "/trends/chambers?dataset=demo": "main",
    "/pm?dataset=demo": "main",
    "/monitors": "#monitors-table",
    "/monitors/MONITOR": "#versions-table",
    "/golden-sets": "#golden-table",
    "/golden-sets/MONITOR/1": "#coverage-table",
    "/monitors/compare?run=COMPARED": "#comparison tbody tr",
    "/data?dataset=demo": "#sensors tbody tr",
    "/data/checks": "main",
    "/watch": "main",
}
# Of each table: how it is exported, and whether both kinds of file are there.
TABLES = """() => [...document.querySelectorAll('table')].map((table) => {
  const by = document.getElementById(table.dataset.exportedBy);
  const kindOf = (link) => /csv/i.test(link.outerHTML) ? 'csv' : /xlsx/i.test(link.outerHTML) ? 'xlsx' : '';
  const kinds = by
    ? [...by.querySelectorAll('a')].map(kindOf)
    : [...document.querySelectorAll(`[data-exports="${table.id}"]`)].map((button) => button.dataset.format);
  const lines = Boolean(table.querySelector('#import-lines')); // of a file, as it is written
  return { table: table.id || table.className, kinds: [...new Set(kinds)].filter(Boolean).sort(), lines };
})"""


@pytest.fixture(scope="module")
def made(server: str) -> Iterator[dict[str, str]]:
    """A check with its first problem, a monitor of a new name, since golden sets are kept, and a comparison."""
    monitor = f"exported-{secrets.token_hex(4)}"
    with httpx.Client(base_url=server, timeout=120) as client:
        run = client.post("/detect", json={"detector": "statistical"}).json()["run"]
        first = client.get(f"/runs/{run}/problems").json()["problems"][0]["name"]
        ended(client, client.post("/monitors", json={"name": monitor, "detector": "statistical"}))
        detectors = ["statistical", "squared_difference"]
        compared = ended(client, client.post("/runs", json={"kind": "comparison", "detectors": detectors}))
        yield {"RUN": run, "FIRST": first, "COMPARED": compared, "MONITOR": monitor}
        client.delete(f"/monitors/{monitor}")


def ended(client: httpx.Client, answer: httpx.Response) -> str:
    assert answer.status_code < 300, answer.text
    run = answer.json()
    while run["state"] in ("queued", "running"):
        time.sleep(0.2)
        run = client.get(f"/runs/{run['id']}").json()
    assert run["state"] == "done", run["error"]
    return str(run["id"])


@pytest.mark.parametrize("path", PAGES)
def test_every_table_of_a_page_leaves_as_csv_and_as_a_workbook(page: Page, made: dict[str, str], path: str) -> None:
    address = path
    for name, value in made.items():
        address = address.replace(name, value)
    page.goto(address)
    expect(page.locator(PAGES[path]).first).to_be_attached(timeout=60_000)
    page.wait_for_load_state("networkidle")
    tables = page.evaluate(TABLES)
    lacking = [one for one in tables if not one["lines"] and one["kinds"] != ["csv", "xlsx"]]
    assert not lacking


def test_what_a_table_shows_is_in_the_files(page: Page, made: dict[str, str]) -> None:
    page.goto("/data?dataset=demo")
    expect(page.locator("#sensors tbody tr").first).to_be_visible()
    shown = page.locator("#sensors tbody tr").count()
    frames = []
    for kind, read in (("csv", pd.read_csv), ("xlsx", partial(pd.read_excel, engine="calamine"))):
        with page.expect_download() as taken:
            page.click(f"[data-exports=sensors][data-format={kind}]")
        assert taken.value.suggested_filename == f"Data Sensors-table.{kind}"
        with open(taken.value.path(), "rb") as file:
            frames.append(read(io.BytesIO(file.read())))
    assert [len(frame) for frame in frames] == [shown, shown]
    assert list(frames[0].columns) == list(frames[1].columns)
    assert frames[1]["Median"].dtype.kind == "f"


def test_the_tables_of_an_event_leave_with_all_digits(page: Page, made: dict[str, str]) -> None:
    page.goto(f"/problems/event?run={made['RUN']}&event=1")
    expect(page.locator("#sensors-export a").first).to_have_attribute("href")
    with page.expect_download() as taken:
        page.click("#rows-export a[data-format=xlsx]")
    with open(taken.value.path(), "rb") as file:
        sheets = pd.read_excel(io.BytesIO(file.read()), sheet_name=None, engine="calamine")
    assert list(sheets) == ["rows", "sensors", "similar", "equipment"]
    assert sheets["rows"]["event_id"].eq(1).all()
    assert sheets["sensors"]["share"].sum() == pytest.approx(1, abs=1e-6)
