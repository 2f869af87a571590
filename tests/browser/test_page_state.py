"""Pages stay true to what was chosen: when answers come late, lists change under the hand, or the language changes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

ALARM = {
    "id": 7, "title": "He leak high on PM2", "reason": None, "kind": "rows", "source": "fab", "equipment": "PM2",
    "monitor": "etch@1", "sensor": "he_leak", "lot": None, "wafer": None, "started": "2026-01-05T08:00:00",
    "state": "active", "acknowledged_at": None, "acknowledged_by": None, "shelved_until": None, "closed_at": None,
    "closed_by": None, "verdict": None, "note": None, "severity": "clear", "wafers": 0, "raised_at": "2026-01-05",
}  # fmt: skip
# The scripts of the page by their address, as the page itself has loaded them.
SCRIPT = "(name) => import(document.querySelector('script[src*=\"keys.js\"]').src.replace('keys.js', name))"


@pytest.fixture(scope="module")
def run(server: str) -> str:
    answer = httpx.post(f"{server}/detect", json={"detector": "statistical"}, timeout=120)
    return str(answer.json()["run"])


@pytest.fixture
def watch(page: Page) -> Page:
    """The Watch page with two alarms; ``/alarms`` answers what ``page.alarms`` holds."""
    page.alarms = [ALARM, ALARM | {"id": 8, "title": "Pressure low on PM1", "equipment": "PM1"}]  # type: ignore[attr-defined]
    page.route("**/alarms?state=active,*", lambda route: answer_alarms(page, route))
    page.goto("/watch")
    expect(page.locator("#need .alarm")).to_have_count(2)
    return page


def answer_alarms(page: Page, route: Route) -> None:
    found = page.alarms  # type: ignore[attr-defined]
    route.fulfill(json={"alarms": found, "next": None, "counts": {"active": len(found)}, "change": 0})


def put(page: Page, **changes: Any) -> None:
    """One alarm has changed, as the stream says it."""
    news = json.dumps(ALARM | changes)
    page.evaluate(f"({SCRIPT})('watch/alarms.js').then((alarms) => alarms.put({news}))")


def test_the_other_language_shows_what_is_shown_now(page: Page) -> None:
    page.goto("/data/checks")
    page.fill("#search", "A&B #1 / 50%")
    page.wait_for_url("**search=*")
    page.click(".languages [lang=ko]")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("#search")).to_have_value("A&B #1 / 50%")
    page.click(".languages [lang=en]")


def test_a_note_that_is_being_written_stays_when_its_alarm_changes(watch: Page) -> None:
    alarm = watch.locator("[data-alarm='7']")
    alarm.get_by_role("button", name="Close ...").click()
    note = alarm.get_by_label("Note")
    note.press_sequentially("O-ring")
    put(watch, wafers=3)
    expect(alarm).to_contain_text("abnormal wafers: 3")
    expect(note).to_be_focused()
    expect(note).to_have_value("O-ring")
    alarm.get_by_role("button", name="Close ...").click()
    expect(note).to_have_count(0)


def test_after_an_alarm_was_acknowledged_the_keyboard_goes_on_with_the_next(watch: Page) -> None:
    seen = ALARM | {"id": 8, "state": "acknowledged", "acknowledged_at": "2026-01-05", "acknowledged_by": "kim"}
    watch.route("**/alarms/8/acknowledge", lambda route: route.fulfill(json=seen))
    watch.locator("[data-alarm='8'] .btn-primary").press("Enter")
    expect(watch.locator("#need .alarm")).to_have_count(1)
    expect(watch.locator("[data-alarm='7'] button").first).to_be_focused()


def test_an_alarm_whose_shelving_was_refused_can_be_shelved_as_long_again(watch: Page) -> None:
    watch.allowed_faults += ["status of 503"]  # type: ignore[attr-defined]
    refusal = {"error": {"message": "The database is busy.", "hint": "", "request_id": "r"}}
    asked: list[Any] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(status=503, json=refusal)

    watch.route("**/alarms/7/shelve", refuse)
    for _ in range(2):
        watch.locator("[data-alarm='7'] select").select_option("120")
        expect(watch.locator("#problem")).to_contain_text("The database is busy.")
        expect(watch.locator("[data-alarm='7'] select")).to_have_value("")
    assert asked == [{"minutes": 120}] * 2


def test_alarms_that_could_not_be_read_are_read_as_soon_as_they_can_be(page: Page) -> None:
    page.allowed_faults += ["status of 503"]  # type: ignore[attr-defined]
    page.clock.install()
    page.alarms = [ALARM]  # type: ignore[attr-defined]
    refusal = {"error": {"message": "The database is busy.", "hint": "", "request_id": "r"}}
    page.route("**/alarms?state=active,*", lambda route: route.fulfill(status=503, json=refusal))
    with page.expect_response("**/alarms?state=active,*"):
        page.goto("/watch")
    page.unroute("**/alarms?state=active,*")
    page.route("**/alarms?state=active,*", lambda route: answer_alarms(page, route))
    page.wait_for_timeout(300)
    page.clock.fast_forward(6000)
    expect(page.locator("#need .alarm")).to_have_count(1)


def test_a_change_that_comes_while_the_lists_are_read_is_not_lost(watch: Page) -> None:
    held: list[Route] = []
    watch.unroute("**/alarms?state=active,*")
    watch.route("**/alarms?state=active,*", lambda route: held.append(route))
    watch.evaluate(f"({SCRIPT})('watch/alarms.js').then((alarms) => {{ alarms.reload(); }})")
    with watch.expect_request("**/alarms?state=active,*"):
        watch.evaluate(f"({SCRIPT})('watch/alarms.js').then((alarms) => {{ alarms.reload(); }})")
    put(watch, wafers=9)
    for route in held:
        answer_alarms(watch, route)
    watch.wait_for_timeout(300)
    expect(watch.locator("[data-alarm='7']")).to_contain_text("abnormal wafers: 9")


def test_another_chamber_has_its_own_sensors_to_choose_from(page: Page) -> None:
    def rows(route: Route) -> None:
        sensors = ["he_leak", "pressure"] if "PM2" in route.request.url else ["he_leak", "A&B #1 / 50%"]
        both = {"early": [1.0, 2.0], "settled": [None, None], "values": [[1.0, 2.0], [3.0, 4.0]]}
        texts = {"times": ["2026-01-05T08:00:00"] * 2, "wafers": [None] * 2, "steps": [None] * 2}
        known = {"monitor": None, "threshold": None, "lower_threshold": None, "positions": [1, 2]}
        route.fulfill(json={"source": "fab", "equipment": "x", "sensors": sensors, **both, **texts, **known})

    page.route("**/live/fab/*/rows?*", rows)
    page.goto("/watch")
    page.wait_for_load_state("load")
    choose = f"(chamber) => ({SCRIPT})('watch/trace.js').then((trace) => trace.choose(chamber))"
    page.evaluate(choose, {"source": "fab", "equipment": "PM2"})
    page.select_option("#trace-sensor", "pressure")
    expect(page.locator("#trace-values")).to_contain_text("pressure")
    page.evaluate(choose, {"source": "fab", "equipment": "PM1"})
    assert page.locator("#trace-sensor option").all_inner_texts() == ["he_leak", "A&B #1 / 50%"]
    expect(page.locator("#trace-values")).to_contain_text("he_leak")


def test_the_indicator_that_was_chosen_last_is_shown_whichever_answer_comes_first(page: Page, run: str) -> None:
    page.goto(f"/trends?run={run}")
    expect(page.locator("#shown")).to_be_visible()
    page.wait_for_load_state("networkidle")
    first, second, third = page.locator("#sensor option").evaluate_all("(all) => all.map((one) => one.value)")[:3]
    held: list[Route] = []
    page.route(f"**/trends/series?*sensor={second}*", lambda route: held.append(route))
    page.select_option("#sensor", second)
    page.wait_for_timeout(200)
    page.select_option("#sensor", third)
    expect(page.locator("#trend-title")).to_contain_text(third)
    assert held
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#trend-title")).to_contain_text(third)
    assert first != third


def test_a_letter_key_works_while_the_keyboard_is_set_to_hangul(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    press = "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ㅓ', code: 'KeyJ', bubbles: true }))"
    page.evaluate(press)
    expect(page.locator(".row-link").first).to_be_focused()


def test_keys_and_ranges_leave_out_what_is_folded_away(page: Page, run: str) -> None:
    page.goto(f"/problems?run={run}")
    page.evaluate("document.querySelectorAll('details.weak').forEach((fold) => { fold.open = true; })")
    rows = page.locator("[data-problem]")
    rows.nth(1).evaluate(
        "(row) => { const fold = document.createElement('details'); row.before(fold); fold.append(row); }"
    )
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(2).locator(".row-link")).to_be_focused()
    rows.nth(0).locator(".pick").click()
    rows.nth(2).locator(".pick").click(modifiers=["Shift"])
    expect(rows.nth(2).locator(".pick")).to_be_checked()
    expect(rows.nth(1).locator(".pick")).not_to_be_checked()


def test_a_finger_that_is_held_on_a_cell_shows_what_a_pointer_shows(phone: Page, run: str) -> None:
    phone.goto(f"/problems?run={run}")
    phone.click("#lanes-open")
    cell = phone.locator("#lanes-box td[class^=lane-]:has(a)").first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    address = phone.url
    fingers = phone.context.new_cdp_session(phone)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    expect(phone.locator(".held")).to_have_text(str(cell.get_attribute("title")))
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.wait_for_timeout(300)
    assert phone.url == address
    phone.touchscreen.tap(20, 20)
    expect(phone.locator(".held")).to_be_hidden()


def test_a_key_leads_to_the_next_event_once_and_not_at_all_when_keys_are_off(page: Page, run: str) -> None:
    page.goto(f"/problems/event?run={run}&event=1")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/events/" in request.url else None)
    page.keyboard.press("j")
    expect(page.locator("#title")).to_contain_text("Event 2 of")
    assert len(asked) == 1
    page.evaluate("localStorage.setItem('waferwatch-keys-off', '1')")
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert len(asked) == 1
    page.keyboard.press("ArrowRight")
    expect(page.locator("#title")).to_contain_text("Event 3 of")


def test_a_run_is_followed_on_when_the_server_does_not_answer_for_a_moment(page: Page) -> None:
    page.allowed_faults += ["ERR_FAILED"]  # type: ignore[attr-defined]
    page.goto("/problems/check?dataset=demo")
    page.wait_for_load_state("networkidle")
    answers = [None, None, {"state": "done"}]
    going = {"id": "0" * 16, "state": "running", "progress": 0.1, "options": {}, "dataset": "demo"}

    def look(route: Route) -> None:
        answer = answers.pop(0)
        route.abort() if answer is None else route.fulfill(json=going | answer)

    page.route(f"**/runs/{going['id']}", look)
    ended = page.evaluate(f"(run) => ({SCRIPT})('run.js').then((runs) => runs.follow(run))", going)
    assert ended["state"] == "done"


def test_the_place_next_to_the_last_square_of_a_line_is_no_square(page: Page) -> None:
    page.goto("/watch")
    page.evaluate(
        f"""async () => {{
      const {{ squares }} = await ({SCRIPT})('watch/squares.js');
      const made = squares((at) => {{ document.title = `chosen ${{at}}`; }});
      made.box.id = 'made';
      Object.assign(made.box.style, {{ position: 'fixed', left: 0, top: 0, zIndex: 99, background: 'white' }});
      made.box.firstChild.style.width = '100px';
      document.body.append(made.box);
      made.show('.'.repeat(20), Array.from({{ length: 20 }}, (_, at) => `PM${{at}}`), 'ETCH');
    }}"""
    )
    canvas = page.locator("#made canvas")
    canvas.click(position={"x": 95, "y": 5})  # seven squares of 13 pixels end at 91
    assert "chosen" not in page.title()
    canvas.click(position={"x": 85, "y": 5})
    assert page.title() == "chosen 6"


def test_the_way_back_stays_as_long_as_it_has_the_focus(page: Page) -> None:
    page.clock.install()
    page.goto("/data?dataset=demo")
    page.wait_for_load_state("load")
    page.evaluate(f"({SCRIPT})('data/toast.js').then((toast) => toast.offerUndo('gone', () => {{}}))")
    page.locator("#toast-undo").focus()
    page.clock.fast_forward(20_000)
    expect(page.locator("#toast")).to_be_visible()
    page.locator("#shelf-search").focus()
    page.clock.fast_forward(20_000)
    expect(page.locator("#toast")).to_be_hidden()


def test_an_alarm_is_closed_as_an_intended_change_in_the_words_of_problems(watch: Page) -> None:
    asked: list[Any] = []

    def close(route: Route) -> None:
        asked.append(route.request.post_data_json)
        closed = {"state": "closed", "closed_by": "kim", "closed_at": "2999-01-05T08:00:00+00:00", "note": "recipe 12"}
        route.fulfill(json=ALARM | closed | {"verdict": "intended_change"})

    watch.route("**/alarms/7/close", close)
    alarm = watch.locator("[data-alarm='7']")
    alarm.get_by_role("button", name="Close ...").click()
    alarm.get_by_label("Note").fill("recipe 12")
    alarm.get_by_role("button", name="Intended change").click()
    watch.locator("#fold-closed summary").click()
    expect(watch.locator("#closed")).to_contain_text("Intended change · recipe 12")
    assert asked == [{"verdict": "intended_change", "note": "recipe 12"}]
