"""Logging in and out in a browser, which sends origins and cookies and obeys the content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import fits, serious_faults
from tests.browser.charts import see_chart

pytestmark = pytest.mark.browser


def log_in(page: Page, token: str = "open-sesame-please", name: str = "") -> None:
    page.fill("#token", token)
    page.fill("#name", name)
    page.press("#name", "Enter")


def test_a_visitor_is_asked_once_and_led_to_where_they_wanted(guarded_page: Page) -> None:
    guarded_page.goto("/problems/groups?by=lot")
    expect(guarded_page.locator("#token")).to_be_focused()
    log_in(guarded_page, name="<b>Kim</b>")
    guarded_page.wait_for_url("**/groups?by=lot")
    expect(guarded_page.locator(".user")).to_have_text("<b>Kim</b>")
    guarded_page.goto("/")
    expect(guarded_page.locator("h1.sentence")).to_be_visible()


STARTED_BY_LEE = """async () => {
  const { entries } = await (await fetch("/audit")).json();
  return entries.some((act) => act.user === "Lee" && act.action === "start detection");
}"""


def test_what_the_scripts_ask_is_answered_once_logged_in(guarded_page: Page) -> None:
    guarded_page.goto("/problems/check?dataset=demo")
    log_in(guarded_page, name="Lee")
    see_chart(guarded_page, "#series")  # the script is there
    guarded_page.select_option("#detector", "squared_difference")
    guarded_page.click("#detect")
    expect(guarded_page.locator("#found")).to_be_visible(timeout=30_000)
    guarded_page.wait_for_function(STARTED_BY_LEE, polling=200)  # the demo's own check may be what is shown at first


def test_a_wrong_token_is_reported_next_to_the_field(guarded_page: Page) -> None:
    guarded_page.allowed_faults.append("401")  # type: ignore[attr-defined]
    guarded_page.goto("/login?next=/data")
    log_in(guarded_page, "open", "Kim")
    expect(guarded_page.locator("[role=alert]")).to_contain_text("The token is wrong.")
    expect(guarded_page.locator("#name")).to_have_value("Kim")
    assert serious_faults(guarded_page) == []
    log_in(guarded_page)
    guarded_page.wait_for_url("**/data")


def test_logging_out_closes_the_page_until_the_token_is_shown_again(guarded_phone: Page) -> None:
    guarded_phone.goto("/login")
    log_in(guarded_phone, name="김공정")
    guarded_phone.wait_for_url("**/")
    assert fits(guarded_phone)
    guarded_phone.click("text=로그아웃")
    guarded_phone.wait_for_url("**/login")
    guarded_phone.goto("/data")
    expect(guarded_phone.locator("#token")).to_be_visible()


def test_the_printed_address_opens_the_page_and_the_token_leaves_it(guarded_page: Page) -> None:
    guarded_page.goto("/?token=open-sesame-please")
    expect(guarded_page.locator("h1.sentence")).to_be_visible()
    assert "open-sesame-please" not in guarded_page.url
    assert "open-sesame-please" not in str(guarded_page.context.cookies())
    assert "waferwatch-session" not in guarded_page.evaluate("document.cookie")
