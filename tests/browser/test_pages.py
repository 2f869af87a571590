"""Every page: its tables can be taken away, nothing is scrolled sideways, and all can be reached by the Tab key."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Iterator
from functools import partial

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import fits, serious_faults
from tests.browser.charts import see_chart
from waferwatch.read.virtual_fab.generate import generate

pytestmark = pytest.mark.browser

# Page -> what is there once it is ready. RUN: a check of a fab, COMPARED: a comparison, FIRST: its first problem.
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
WIDTHS = (360, 390, 1280, 1440)
LOCALES = ("en-US", "ko-KR")
# What is shown in part where it is narrow: the rows of a file, charts, and tables that cross two things.
_WIDE = ".rows-table, .grid-box, .wide-chart, .matrix-wrap, .chart, .pages, .nav-underline, svg"
_SIDEWAYS = f"""() => [...document.querySelectorAll('main, main *')]
  .filter((one) => one.checkVisibility() && !one.closest('{_WIDE}'))
  .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${{one.tagName}}.${{one.className}}#${{one.id}} ${{one.scrollWidth}} > ${{one.clientWidth}}`)"""
_CAN_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex]"
# What looks as if it could be pressed, and is neither part of what can be focused nor holds such a thing.
_MOUSE_ALONE = f"""() => [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility({{ visibilityProperty: true }}) && getComputedStyle(one).cursor === 'pointer')
  .filter((one) => !one.closest('{_CAN_FOCUS}, label, .legend, .modebar') && !one.querySelector('{_CAN_FOCUS}'))
  .map((one) => one.outerHTML.slice(0, 120))"""
_STOPS = f"""() => [...document.querySelectorAll('{_CAN_FOCUS}')].filter((one) =>
  one.tabIndex >= 0 && !one.disabled && one.checkVisibility({{ visibilityProperty: true }})
  && !(one.type === 'radio' && !one.checked)).length"""
# Goes on from the element before; answers what has the focus, and null once everything has had it.
_STEP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.dataset.walked) return null;
  one.dataset.walked = '1';
  const { width, height } = one.getBoundingClientRect();
  return { html: one.outerHTML.slice(0, 120), seen: width > 0 && height > 0 };
}"""


@pytest.fixture(scope="module")
def made(server: str) -> Iterator[dict[str, str]]:
    """A check with its first problem, a monitor of a new name, since golden sets are kept, and a comparison.

    All of a fab like the demo, with fewer rows: they are made in less time.
    """
    monitor = f"exported-{secrets.token_hex(4)}"
    content = generate(8_000, equipment=2, seed=4).to_csv(index=False).encode()
    with httpx.Client(base_url=server, timeout=120) as client:
        dataset = client.post("/datasets", files={"file": ("fab.csv", content)}).json()["id"]
        asked = {"dataset": dataset, "detector": "statistical"}
        run = client.post("/detect", json=asked).json()["run"]
        first = client.get(f"/runs/{run}/problems").json()["problems"][0]["name"]
        ended(client, client.post("/monitors", json=asked | {"name": monitor}))
        compared = {"kind": "comparison", "dataset": dataset, "detectors": ["statistical", "squared_difference"]}
        compared_run = ended(client, client.post("/runs", json=compared))
        yield {"RUN": run, "FIRST": first, "COMPARED": compared_run, "MONITOR": monitor}
        client.delete(f"/monitors/{monitor}")
        client.delete(f"/datasets/{dataset}")


def ended(client: httpx.Client, answer: httpx.Response) -> str:
    assert answer.status_code < 300, answer.text
    run = answer.json()
    while run["state"] in ("queued", "running"):
        time.sleep(0.2)
        run = client.get(f"/runs/{run['id']}").json()
    assert run["state"] == "done", run["error"]
    return str(run["id"])


def address_of(path: str, made: dict[str, str]) -> str:
    for name, value in made.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("path", PAGES)
def test_tables_leave_as_csv_and_as_a_workbook_and_whatever_can_be_pressed_is_reached_by_the_tab_key(
    page: Page, made: dict[str, str], path: str
) -> None:
    page.goto(address_of(path, made))
    expect(page.locator(PAGES[path]).first).to_be_attached(timeout=60_000)
    page.wait_for_load_state("networkidle")
    tables = page.evaluate(TABLES)
    lacking = [one for one in tables if not one["lines"] and one["kinds"] != ["csv", "xlsx"]]
    assert not lacking
    assert_reached_by_keys(page)


def assert_reached_by_keys(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(_MOUSE_ALONE) == []
    wanted, walked = page.evaluate(_STOPS), 0
    page.evaluate("document.body.focus()")
    for _ in range(wanted + 50):
        page.keyboard.press("Tab")
        step = page.evaluate(_STEP)
        if step is None:
            break
        assert step["seen"], step["html"]
        walked += 1
    assert walked >= wanted - 1, (walked, wanted)  # from the last one the browser may leave the page


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


@pytest.fixture(scope="module", params=LOCALES)
def reader(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in one of the languages."""
    context = browser.new_context(base_url=server, locale=request.param)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_scrolled_sideways(reader: Page, made: dict[str, str], path: str) -> None:
    reader.set_viewport_size({"width": WIDTHS[0], "height": 800})
    reader.goto(address_of(path, made))
    expect(reader.locator(PAGES[path]).first).to_be_attached(timeout=60_000)
    reader.wait_for_load_state("networkidle")
    for width in WIDTHS:
        reader.set_viewport_size({"width": width, "height": 800})
        assert fits(reader), width
        assert reader.evaluate(_SIDEWAYS) == [], width


def test_a_figure_is_zoomed_saved_and_its_lines_hidden_by_keys(page: Page, made: dict[str, str]) -> None:
    page.goto(f"/problems/event?run={made['RUN']}&event=1")
    see_chart(page, "#course", 60_000)
    tools = page.locator("#course .modebar-btn")
    expect(tools.first).to_have_attribute("tabindex", "0")
    tools.first.focus()
    page.keyboard.press("End")
    expect(tools.last).to_be_focused()
    expect(page.locator("#course .modebar")).to_have_css("opacity", "1")
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    assert taken.value.suggested_filename == "waferwatch-course.svg"
    line = page.locator("#course .legend .traces").first
    line.focus()
    expect(line).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "false")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "true")
    assert serious_faults(page) == []
