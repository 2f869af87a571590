"""The preview of a file in a browser: options change the table at once, a recipe is saved, a refused file is mended."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.access import fits, serious_faults

pytestmark = pytest.mark.browser

SLOW_MS = 30_000


def trace(rows: int = 60) -> bytes:
    """A file of a logger in CP949 with a line above its table and units below its names."""
    lines = ["보고서", "일시;호기;압력;상태", ";;Torr;"]
    lines += [f"2026-03-01 08:{at:02d}:00;E1;{at * 7 % 11},5;{'PM' if at < 3 else 'RUN'}" for at in range(rows)]
    return "\n".join(lines).encode("cp949")


UNCLEAR = "일시;압력\n" + "\n".join(f"0{day}/0{day + 1}/2026 08:00:00;{day},5" for day in (3, 1, 2, 5, 4))


def choose(page: Page, name: str, content: bytes) -> None:
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.set_input_files("#file", [file])


def hold(route: Route, held: list[Route]) -> None:
    """What changes a data set waits until the test lets it go on."""
    if route.request.method == "PATCH":
        held.append(route)
    else:
        route.continue_()


def cleared(page: Page) -> None:
    """What a test leaves is deleted."""
    page.goto("about:blank")
    for one in page.request.get("/datasets").json()["datasets"][1:]:
        page.request.delete(f"/datasets/{one['id']}")
    for one in page.request.get("/recipes").json()["recipes"]:
        page.request.delete(f"/recipes/{one['name']}")


def test_options_change_the_table_at_once_and_are_saved_as_a_recipe_that_the_next_file_uses(page: Page) -> None:
    page.goto("/data?dataset=demo")
    choose(page, "march.csv", trace())
    expect(page.locator("#title")).to_have_text("march.csv", timeout=SLOW_MS)
    page.locator("#reading").press("Enter")
    expect(page.locator("#import-title")).to_be_focused(timeout=SLOW_MS)
    expect(page.locator("#import-state")).to_have_text("The whole file was read: 60 rows, 4 columns.", timeout=SLOW_MS)
    expect(page.locator("#import-encoding option").first).to_have_text("found: cp949")
    expect(page.locator("#import-lines tr.names")).to_contain_text("일시;호기;압력;상태")
    page.get_by_label("Names: line 1", exact=True).press("Enter")  # no line of names: another table at once
    expect(page.locator("#import-head")).to_contain_text("보고서")
    page.locator("#import-header_line").fill("")
    expect(page.locator("#import-head")).to_contain_text("압력 (Torr)")
    role = page.locator("#import-head").get_by_label("Role of 상태", exact=True)
    role.focus()
    role.select_option("ignored")
    expect(page.locator("#import-head .said")).to_have_count(1)
    expect(role).to_be_focused()
    page.locator("#import-leave_out_rows").fill("상태=PM")
    expect(page.locator("#import-notes-box")).to_contain_text("Rows left out of judging: 3")
    expect(page.locator("#import-state")).to_contain_text("The whole file was read", timeout=SLOW_MS)
    assert serious_faults(page) == []
    assert fits(page)
    page.locator("#recipe-name").fill("식각")
    page.locator("#recipe-name").press("Enter")
    expect(page.locator("#recipe-help")).to_contain_text("Saved as 식각", timeout=SLOW_MS)
    page.locator("#import-use").click()
    expect(page.locator("#import")).to_be_hidden(timeout=SLOW_MS)
    choose(page, "april.csv", trace(59))
    expect(page.locator("#title")).to_have_text("april.csv", timeout=SLOW_MS)
    expect(page.locator("#notes")).to_contain_text("with the import recipe 식각, since it has its form")
    cleared(page)


def test_a_file_that_is_uploaded_while_another_is_read_anew_stays_open(page: Page) -> None:
    page.goto("/data?dataset=demo")
    choose(page, "march.csv", trace())
    expect(page.locator("#title")).to_have_text("march.csv", timeout=SLOW_MS)
    held: list[Route] = []
    page.route(re.compile("/datasets/(?!demo)"), lambda route: hold(route, held))
    page.locator("#reading").click()
    expect(page.locator("#import-state")).to_contain_text("The whole file was read", timeout=SLOW_MS)
    page.locator("#import-use").click()
    expect(page.locator("#import-state")).to_have_text("The whole file is being read ...")
    choose(page, "april.csv", trace(59))
    expect(page.locator("#title")).to_have_text("april.csv", timeout=SLOW_MS)
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        held.pop().continue_()
    expect(page.locator("#status")).to_contain_text("march.csv is ready")
    expect(page.locator("#title")).to_have_text("april.csv")
    cleared(page)


def test_a_refused_file_is_mended_on_a_phone_in_korean(phone: Page) -> None:
    phone.allowed_faults.append("422")  # type: ignore[attr-defined]
    phone.goto("/data?dataset=demo")
    choose(phone, "unclear.csv", UNCLEAR.encode())
    phone.locator("#uploads .mend").click(timeout=SLOW_MS)
    obstacle = phone.locator("#import-findings li")
    expect(obstacle).to_contain_text("걸림돌", timeout=SLOW_MS)
    expect(phone.locator("#import-state")).to_contain_text("파일 전체를 읽음", timeout=SLOW_MS)
    expect(phone.locator("#import-use")).to_be_disabled()
    assert "import=" in phone.url
    assert fits(phone)
    phone.reload()  # the address holds what is open
    obstacle.get_by_role("button", name="일 먼저").click(timeout=SLOW_MS)
    expect(phone.locator("#import-rows")).to_contain_text(re.compile("2026-04-03"), timeout=SLOW_MS)
    expect(phone.locator("#import-use")).to_be_enabled()
    phone.locator("#import-use").click()
    expect(phone.locator("#title")).to_have_text("unclear.csv", timeout=SLOW_MS)
    expect(phone.locator("#uploads li")).to_have_count(0)
    cleared(phone)
