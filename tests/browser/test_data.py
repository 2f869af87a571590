"""The Data page in a browser: upload, quality, roles, rows, rename, delete with undo; both languages, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.access import fits, serious_faults

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
QUICK_MS, SLOW_MS = 10_000, 30_000


def csv(rows: int = 400, stuck: bool = True) -> bytes:
    """A tool with a sensor that is stuck from row 102 of the file on, a constant one, and hostile names."""
    lines = ["time,equipment,<b>pressure</b>,flow,constant,word"]
    for at in range(rows):
        flow = 77.25 if stuck and 100 <= at < 160 else (at * 7919 % 1000) / 10
        word = "<i>on</i>" if at % 2 else "off"
        lines.append(f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{HOSTILE},{at * 31 % 97},{flow},5,{word}")
    return "\n".join(lines).encode()


def file(name: str = "etch.csv", content: bytes | None = None) -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": csv() if content is None else content}


def open_page(page: Page, address: str = "/data?dataset=demo") -> None:
    page.goto(address)
    expect(page.locator("#quality-found")).to_be_visible(timeout=SLOW_MS)


def upload(page: Page, *files: Any) -> None:
    page.set_input_files("#file", list(files))
    expect(page.locator("#uploads li")).to_have_count(0, timeout=SLOW_MS)
    expect(page.locator("#quality-found")).to_be_visible(timeout=SLOW_MS)


@pytest.fixture
def data(page: Page) -> Iterator[Page]:
    """The page with one upload chosen; what a test leaves is deleted."""
    open_page(page)
    upload(page, file())
    expect(page.locator("#title")).to_have_text("etch.csv")
    yield page
    page.goto("about:blank")  # nothing asks for what is deleted
    for one in page.request.get("/datasets").json()["datasets"][1:]:
        page.request.delete(f"/datasets/{one['id']}")


def role(page: Page, column: str) -> Any:
    return page.get_by_label(f"Role of {column}", exact=True)


def test_the_demo_is_there_with_its_quality_its_roles_and_its_rows(page: Page) -> None:
    open_page(page)
    expect(page.locator("#shelf button")).to_have_count(1)
    expect(page.locator("#quality-tiles")).to_contain_text("20,000")
    expect(page.locator("#findings li")).not_to_have_count(0)
    expect(page.locator("#sensors tbody tr")).to_have_count(12)
    expect(page.locator("#sensors .spark path").first).to_be_attached()
    expect(page.locator("#delete")).to_be_hidden()
    page.click("#roles-tab")
    expect(role(page, "lot")).to_be_disabled()
    page.click("#rows-tab")
    expect(page.locator("#rows tr")).to_have_count(25)
    expect(page.locator("#rows-head")).to_contain_text("pressure_mTorr")


def test_an_uploaded_file_opens_with_what_is_wrong_with_it(data: Page) -> None:
    expect(data.locator("#facts")).to_contain_text("400 rows, 6 columns")
    expect(data.locator("#facts")).to_contain_text("now")
    assert re.search(r"dataset=[0-9a-f]{16}", data.url)
    expect(data.locator("[data-kind=stuck]")).to_have_count(1)  # the demo's findings are gone
    expect(data.locator("[data-kind=stuck]")).to_contain_text("flow")
    expect(data.locator("[data-kind=stuck]")).to_contain_text("stands still for 60 rows from row 102 on")
    expect(data.locator("[data-kind=constant]")).to_contain_text("constant has the same value in every row.")
    data.locator("[data-kind=stuck]").get_by_role("button", name="Row 102").click()
    expect(data.locator("#rows tr.sought th")).to_have_text("102")
    expect(data.locator("#rows tr.sought")).to_contain_text("77.25")
    expect(data.locator("#rows tr.sought")).to_contain_text(HOSTILE)


def test_the_data_set_is_still_there_after_the_page_is_opened_anew(data: Page) -> None:
    data.reload()
    expect(data.locator("#title")).to_have_text("etch.csv")
    data.goto("/data")
    expect(data.locator("#title")).to_have_text("etch.csv")
    expect(data.locator("#shelf button")).to_have_count(2)
    expect(data.locator("#detect-on")).to_have_attribute("href", re.compile(r"/problems\?dataset=[0-9a-f]{16}"))


def test_files_dropped_anywhere_are_uploaded_one_after_the_other(data: Page) -> None:
    data.evaluate(
        """(text) => {
          const transfer = new DataTransfer();
          for (const name of ["one.csv", "two.csv"]) transfer.items.add(new File([text], name, { type: "text/csv" }));
          const send = (kind) => document.querySelector("h1").dispatchEvent(
            new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
          send("dragenter");
          window.veiled = !document.getElementById("veil").hidden;
          send("dragover");
          send("drop");
        }""",
        csv(stuck=False).decode(),
    )
    assert data.evaluate("window.veiled")
    expect(data.locator("#veil")).to_be_hidden()
    expect(data.locator("#title")).to_have_text("two.csv", timeout=SLOW_MS)
    expect(data.locator("#shelf button .name")).to_have_text(["Demo fab (virtual)", "two.csv", "one.csv", "etch.csv"])
    data.fill("#shelf-search", "ONE")
    expect(data.locator("#shelf button .name")).to_have_text(["one.csv"])


def test_refused_files_say_why_and_what_to_do_and_the_others_go_on(data: Page) -> None:
    data.allowed_faults.append("422")  # type: ignore[attr-defined]
    data.set_input_files(
        "#file", [file("bad.csv", b"\x00\x01binary"), file("empty.csv", b""), file("good.csv", csv(stuck=False))]
    )
    expect(data.locator("#title")).to_have_text("good.csv", timeout=SLOW_MS)
    expect(data.locator("#uploads li")).to_have_count(2)
    expect(data.locator("#uploads")).to_contain_text("bad.csv is not a text table")
    expect(data.locator("#uploads li").first.locator(".hint")).to_contain_text("CSV")
    expect(data.locator("#uploads")).to_contain_text("empty.csv is empty.")
    data.get_by_role("button", name="Close: bad.csv").click()
    expect(data.locator("#uploads li")).to_have_count(1)


def test_a_file_over_the_limit_is_refused_before_anything_is_sent(data: Page) -> None:
    sent: list[str] = []
    data.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    data.evaluate(
        """() => {
          const large = new File(["a"], "large.csv");
          Object.defineProperty(large, "size", { value: 5e9 });
          const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() });
          Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [large] } });
          document.body.dispatchEvent(event);
        }"""
    )
    expect(data.locator("#uploads")).to_contain_text("The file is larger than")
    assert sent == []


def test_an_upload_shows_its_progress_and_can_be_cancelled(data: Page) -> None:
    data.route("**/datasets", lambda _route: None)  # the server never answers
    data.set_input_files("#file", file("long.csv"))
    bar = data.get_by_role("progressbar", name="long.csv")
    expect(bar).to_be_visible()
    data.get_by_role("button", name="Cancel: long.csv").click()
    expect(data.locator("#uploads li")).to_have_count(0)
    expect(data.locator("#status")).to_contain_text("The upload of long.csv was cancelled.")
    data.unroute("**/datasets")
    upload(data, file("after.csv"))
    expect(data.locator("#title")).to_have_text("after.csv")


def test_a_role_is_changed_in_place_and_the_report_follows(data: Page) -> None:
    expect(data.locator("[data-kind=constant]")).to_be_attached()
    data.click("#roles-tab")
    role(data, "constant").select_option("ignored")
    expect(data.locator("#status")).to_contain_text("1 role was set.")
    expect(data.locator("[data-kind=constant]")).not_to_be_attached()
    expect(role(data, "constant")).to_be_focused()
    data.reload()
    data.click("#roles-tab")
    expect(role(data, "constant")).to_have_value("ignored")
    data.click("#role-reset")
    expect(role(data, "constant")).to_have_value("sensor")


def test_a_role_that_cannot_be_is_refused_with_the_place_and_nothing_is_lost(data: Page) -> None:
    data.allowed_faults.append("422")  # type: ignore[attr-defined]
    data.click("#roles-tab")
    role(data, "word").select_option("sensor")
    expect(data.locator("#roles-problem")).to_contain_text(
        "Row 2 of etch.csv: 'off' in the column word is not a number."
    )
    expect(role(data, "word")).to_have_value("context")
    role(data, "flow").select_option("time")
    expect(role(data, "time")).to_have_value("ignored")
    expect(role(data, "flow")).to_have_value("time")
    expect(data.locator("#roles-problem")).to_be_empty()


def test_all_columns_that_match_a_pattern_are_set_at_once(data: Page) -> None:
    data.click("#roles-tab")
    data.fill("#role-search", "*o*w*")
    expect(data.locator("#roles tr")).to_have_count(1)
    data.fill("#role-search", "on")
    data.select_option("#role-only", "sensor")
    expect(data.locator("#roles td.column")).to_have_text(["constant"])
    data.fill("#role-search", "")
    expect(data.locator("#role-set")).to_have_text("Set 3 columns")
    data.select_option("#role-only", "")
    data.fill("#role-search", "<b>")
    data.select_option("#role-all", "ignored")
    data.click("#role-set")
    expect(role(data, "<b>pressure</b>")).to_have_value("ignored")


def test_a_data_set_is_renamed_in_place_by_keyboard(data: Page) -> None:
    data.focus("#rename")
    data.keyboard.press("Enter")
    expect(data.locator("#new-name")).to_be_focused()
    data.keyboard.type("Etch <b>March</b>")
    data.keyboard.press("Enter")
    expect(data.locator("#title")).to_have_text("Etch <b>March</b>")
    expect(data.locator("#shelf button[aria-current] .name")).to_have_text("Etch <b>March</b>")
    expect(data.locator("#rename")).to_be_focused()
    data.keyboard.press("Enter")
    data.keyboard.press("Escape")
    expect(data.locator("#title")).to_be_visible()


def test_a_deleted_data_set_comes_back_with_undo(data: Page) -> None:
    data.click("#delete")
    expect(data.locator("#toast")).to_contain_text("etch.csv was deleted.")
    expect(data.locator("#shelf button")).to_have_count(1)
    expect(data.locator("#title")).to_have_text("Demo fab (virtual)")
    expect(data.locator("#toast-undo")).to_be_focused()
    data.keyboard.press("Enter")
    expect(data.locator("#title")).to_have_text("etch.csv")
    expect(data.locator("#shelf button")).to_have_count(2)
    expect(data.locator("#toast")).to_be_hidden()


def test_what_is_still_asked_of_a_data_set_is_given_up_when_it_is_deleted(data: Page) -> None:
    held: list[Route] = []
    data.route(
        "**/datasets/*/quality", lambda route: route.continue_() if held else held.append(route)
    )  # the first waits
    data.reload()
    expect(data.locator("#title")).to_have_text("etch.csv")
    expect(data.locator("#quality-wait")).to_be_visible()
    data.click("#delete")
    expect(data.locator("#toast")).to_contain_text("etch.csv was deleted.")
    held[0].continue_()
    expect(data.locator("#title")).to_have_text("Demo fab (virtual)")
    expect(data.locator("#quality-found")).to_be_visible()


def test_a_data_set_that_was_deleted_elsewhere_leaves_the_list_with_a_sentence(data: Page) -> None:
    data.allowed_faults.append("404")  # type: ignore[attr-defined]
    data.request.delete(f"/datasets/{data.url.split('dataset=')[1]}")
    data.click("#shelf button[data-id=demo]")
    expect(data.locator("#title")).to_have_text("Demo fab (virtual)")
    data.locator("#shelf button").nth(1).click()
    expect(data.locator("#shelf button")).to_have_count(1)
    expect(data.locator("#problem")).to_contain_text("There is no data set")


def test_rows_are_paged_and_jumped_to(data: Page) -> None:
    data.click("#rows-tab")
    data.click("#rows-last")
    expect(data.locator("#rows th").last).to_have_text("401")
    expect(data.locator("#rows-after")).to_be_disabled()
    data.fill("#row-number", "200")
    data.keyboard.press("Enter")
    expect(data.locator("#rows tr.sought th")).to_have_text("200")
    data.click("#rows-first")
    expect(data.locator("#rows th").first).to_have_text("2")


def test_a_wide_table_is_shown_in_parts(data: Page) -> None:
    names = [f"s{number}" for number in range(120)]
    wide = "\n".join([",".join(names), *(",".join(str((row * 7 + at) % 13) for at in range(120)) for row in range(40))])
    upload(data, file("wide.csv", wide.encode()))
    expect(data.locator("#title")).to_have_text("wide.csv")
    data.click("#rows-tab")
    expect(data.locator("#columns-where")).to_have_text("Columns 1 to 50 of 120")
    data.click("#columns-after")
    expect(data.locator("#rows-head th").nth(1)).to_contain_text("s50")


def test_the_chosen_data_set_goes_to_the_other_pages(data: Page) -> None:
    data.click("#detect-on")
    expect(data.get_by_label("File", exact=True).locator("option:checked")).to_have_text("etch.csv", timeout=SLOW_MS)


def test_the_page_is_korean_for_a_korean_browser_and_fits_a_phone(phone: Page) -> None:
    open_page(phone)
    expect(phone.locator("#title")).to_have_text("데모 팹(가상)")
    expect(phone.locator("#findings")).to_contain_text("멈춰 있습니다")
    phone.set_input_files("#file", file("긴 이름 " * 12 + ".csv"))
    expect(phone.locator("#title")).to_contain_text("긴 이름", timeout=SLOW_MS)
    expect(phone.locator("#facts")).to_contain_text("지금")
    for tab in ("roles", "rows", "quality"):
        phone.click(f"#{tab}-tab")
        assert fits(phone), tab
    phone.click("#delete")
    expect(phone.locator("#toast")).to_contain_text("실행 취소")
    assert fits(phone)


@pytest.mark.parametrize("tab", ["quality", "roles", "rows"])
def test_axe_finds_no_serious_fault_in_either_theme(data: Page, tab: str) -> None:
    data.click(f"#{tab}-tab")
    for theme in ("light", "dark"):
        data.select_option("#theme", theme)
        data.wait_for_timeout(300)
        assert serious_faults(data, colours_only=theme == "dark") == [], theme


def test_the_page_loads_no_plotly(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(Path(request.url).name))
    open_page(page)
    assert "plotly.min.js" not in asked
