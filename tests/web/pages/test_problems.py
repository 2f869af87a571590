"""The page of problems: its sentence, its list, its lanes, its addresses."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from waferwatch.read.virtual_fab.faults import FAULT_KINDS
from waferwatch.store.datasets import DEMO
from waferwatch.web.pages.problems.lanes import _Axis
from waferwatch.web.server import check_demo

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def run(client: TestClient) -> str:
    answer = client.post("/detect", json={"detector": "statistical"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


@pytest.fixture(scope="module")
def found(client: TestClient, run: str) -> list[dict[str, Any]]:
    return list(client.get(f"/runs/{run}/problems").json()["problems"])


def page(client: TestClient, address: str, language: str = "en") -> str:
    answer = client.get(address, headers=PAGE | {"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def listed(text: str) -> list[str]:
    return re.findall(r'data-problem="(P-\d+)"', text)


def test_the_sentence_counts_problems_chambers_and_wafers(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page(client, f"/problems?run={run}"), re.S)
    counted = [one for one in found if one["severity"] != "weak"]
    wafers = client.get(f"/runs/{run}/wafers?limit=1").json()
    assert heading is not None
    assert f"{len(counted)} problems on 3 chambers." in heading[1]
    assert f"{wafers['abnormal']} of {wafers['total']} wafers are abnormal." in heading[1]
    assert found[0]["sensor"] in heading[1]


def test_problems_are_listed_worst_first_with_numbers_that_stay(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    names = listed(page(client, f"/problems?run={run}"))
    assert len(names) == len(set(names)) == len(found)
    assert listed(page(client, f"/problems?run={run}")) == names
    assert [one["name"] for one in found] == names
    assert sorted(listed(page(client, f"/problems?run={run}&sort=chamber"))) == sorted(names)


def test_a_scope_narrows_list_and_sentence(client: TestClient, run: str, found: list[dict[str, Any]]) -> None:
    text = page(client, f"/problems?run={run}&chamber=ETCH-02")
    mine = [one for one in found if one["equipment"] == "ETCH-02"]
    assert listed(text) == [one["name"] for one in mine]
    assert "problems on ETCH-02." in text
    assert f"Only a part is shown: {len(mine)} of {len(found)} problems." in text
    early = listed(page(client, f"/problems?run={run}&end=2026-01-05 08:05:00"))
    assert set(early) == {one["name"] for one in found if one["first_seen"] <= "2026-01-05T08:05:00"}


@pytest.mark.parametrize(
    ("end", "until"), [("2026-01-05 8:05", "2026-01-05T08:05:00"), ("2026-01-05", "2026-01-05T23:59:59")]
)
def test_an_end_is_typed_as_people_write_it(
    client: TestClient, run: str, found: list[dict[str, Any]], end: str, until: str
) -> None:
    names = {one["name"] for one in found if one["first_seen"] <= until}
    assert set(listed(page(client, f"/problems?run={run}&end={end}"))) == names


@pytest.mark.parametrize(("language", "said"), [("en", "is not a time."), ("ko", "last Monday")])
def test_a_time_that_is_none_is_refused_with_a_way_back(client: TestClient, run: str, language: str, said: str) -> None:
    address = f"/problems?run={run}&start=last Monday"
    answer = client.get(address, headers=PAGE | {"Accept-Language": language})
    assert answer.status_code == 422
    assert said in answer.text
    assert not listed(answer.text)
    assert f'href="/problems?run={run}"' in answer.text


def test_a_row_holds_only_what_its_state_offers(client: TestClient, run: str) -> None:
    rows = re.findall(r'<li class="problem".*?</li>', page(client, f"/problems?run={run}"), re.DOTALL)
    new = [row for row in rows if 'data-state="new"' in row]
    assert new
    for row in new:
        offered = ["acknowledge", "true_alarm", "false_alarm", "intended_change", "shelve"]
        assert re.findall(r'data-act="(\w+)"', row) == offered
        assert len(row.encode()) < 3500


def test_a_lane_of_minutes_names_each_place_once() -> None:
    axis = _Axis(0.0, 180.0, dated=True)
    labels = [axis.text(edge, short=True) for edge in axis.edges[:-1:4]]
    assert labels == ["00:00:00", "00:00:30", "00:01:00", "00:01:30", "00:02:00", "00:02:30"]


def test_a_file_of_one_row_is_not_called_free_of_problems(client: TestClient) -> None:
    content = b"time,chamber,wafer,flow,power\n2026-01-05 08:00:00,CH1,1,5.0,300.0\n"
    made = client.post("/datasets", files={"file": ("one.csv", content)}).json()["id"]
    run = client.post("/detect", json={"dataset": made, "detector": "statistical"}).json()["run"]
    page = client.get(f"/problems?run={run}", headers={"accept-language": "en"}).text
    assert "No wafer could be judged." in page
    assert "0 wafers judged" in page
    client.delete(f"/datasets/{made}")


def test_a_stretch_over_more_than_one_day_says_both_days() -> None:
    axis = _Axis(0.0, 400_000.0, dated=True)
    assert axis.span(3600.0, 7200.0) == "1970-01-01 01:00:00 – 02:00:00"
    assert axis.span(3600.0, 180_000.0) == "1970-01-01 01:00:00 – 1970-01-03 02:00:00"


def test_lanes_show_each_chamber_over_time_and_lead_to_a_part(client: TestClient, run: str) -> None:
    text = page(client, f"/problems?run={run}")
    lanes = text.split('<table class="lanes"')[1].split("</table>")[0]
    assert re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', lanes)[0] == "all"
    assert {"ETCH-01", "ETCH-02", "ETCH-03"} <= set(re.findall(r">(ETCH-0\d)</a>", lanes))
    (first, *_) = re.findall(r'<td class="lane-severe" title="[^"]*"><a href="([^"]+)"', lanes)
    assert listed(page(client, first.replace("&amp;", "&")))


def test_the_newest_check_is_the_first_page(client: TestClient, run: str) -> None:
    assert listed(page(client, "/"))
    assert re.search(r'data-run="([0-9a-f]{16})"', page(client, "/"))


def test_the_page_is_in_korean(client: TestClient, run: str) -> None:
    text = page(client, f"/problems?run={run}", "ko")
    assert re.search(r"챔버 3개에서 이상 \d+건\. 웨이퍼 150매 중 \d+매 이상\.", text)
    assert "최우선:" in text


def test_data_that_nobody_has_checked_can_be_checked(client: TestClient, uploaded: str) -> None:
    text = page(client, f"/problems?dataset={uploaded}")
    assert "Not checked yet." in text
    assert 'id="detect"' in text


def test_a_check_without_problems_says_so_and_shows_the_highest(client: TestClient) -> None:
    rows = "\n".join(f"{at},{at % 7},{at % 5}" for at in range(600))
    made = client.post("/datasets", files={"file": ("calm.csv", f"time,a,b\n{rows}".encode())}).json()["id"]
    found = client.post("/detect", json={"dataset": made, "detector": "squared_difference"}).json()
    assert found["events_total"] == 0
    text = page(client, f"/problems?dataset={made}")
    assert "No problem in 600 rows." in text
    assert "Highest below the limit" in text
    client.delete(f"/datasets/{made}")
    gone = client.get(f"/problems?dataset={made}", headers=PAGE)
    assert gone.status_code == 404
    assert "There is no data set" in gone.text


@pytest.mark.parametrize(
    "address", ["/problems?run=0123456789abcdef", "/problems?run=<b>", "/problems?dataset=nothing"]
)
def test_what_is_not_there_is_said_on_the_page(client: TestClient, address: str) -> None:
    answer = client.get(address, headers=PAGE)
    assert answer.status_code == 404
    assert "<b>" not in answer.text.split("<main")[1].split('<section class="scope"')[0]
    assert 'role="alert"' in answer.text


def test_other_roles_than_those_that_were_checked_are_said(client: TestClient, uploaded: str) -> None:
    client.post("/detect", json={"dataset": uploaded, "detector": "squared_difference"})
    client.patch(f"/datasets/{uploaded}", json={"roles": {"배치번호": "ignored"}})
    assert "Columns have been given other roles" in page(client, f"/problems?dataset={uploaded}")
    assert "Not checked yet." in page(client, f"/problems?dataset={uploaded}&check=1")


@pytest.mark.parametrize("query", ["run=1&start=2&end=3", "monitor=etch"])
def test_an_address_of_the_old_first_page_leads_to_the_settings(client: TestClient, query: str) -> None:
    answer = client.get(f"/?{query}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/problems/check?{query}")


def test_a_problem_has_facts_pictures_and_neighbours(client: TestClient, run: str, found: list[dict[str, Any]]) -> None:
    worst, second = found[0], found[1]
    text = page(client, f"/problems/{worst['name']}?run={run}")
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", text))
    assert (facts["Chamber"], facts["Wafers"]) == (worst["equipment"], f"{worst['count']}/{worst['of']}")
    assert text.count('class="drawing wide"') == text.count('class="drawing narrow"') == 3
    assert f'href="/problems/{second["name"]}?run={run}"' in text
    squares = re.findall(r'<li class="off[^"]*" title="([^"]+)"', text)
    assert [one.split(",")[0] for one in squares] == worst["wafers"][: len(squares)]
    for event in worst["events"]:
        assert f"/problems/event?run={run}&amp;event={event}" in text


def test_another_wafer_of_the_problem_can_be_looked_at(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    worst = found[0]
    address = f"/problems/{worst['name']}?run={run}"
    last = page(client, f"{address}&wafer={worst['runs'][-1] + 1}")
    assert f"Wafer {worst['wafers'][-1]} over the golden band" in last
    ratios = {one["run"]: one["ratio"] or 0 for one in client.get(f"/runs/{run}/wafers?limit=5000").json()["wafers"]}
    farthest = max(range(len(worst["runs"])), key=lambda at: ratios[worst["runs"][at] + 1])
    for nonsense in ("0", "9999999999", "x"):
        text = page(client, f"{address}&wafer={nonsense}")
        assert f"Wafer {worst['wafers'][farthest]} over the golden band" in text


def test_a_problem_of_rows_is_shown_around_its_worst_event(client: TestClient, uploaded: str) -> None:
    run = client.post("/detect", json={"dataset": uploaded, "detector": "squared_difference"}).json()["run"]
    (one, *_) = client.get(f"/runs/{run}/problems").json()["problems"]
    text = page(client, f"/problems/{one['name']}", "ko")
    assert text.count('class="drawing wide"') == 1
    assert "웨이퍼 관리한계가 없어" in text


def test_a_verdict_on_a_problem_goes_for_its_events_and_leaves_with_the_tables(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    judged = next(one for one in found if one["events"])
    address = f"/problems/{judged['name']}/verdict"
    said = client.put(address, json={"verdict": "true_alarm", "note": " O-ring replaced "}).json()
    assert (said["name"], said["verdict"], said["note"], said["by"]) == (
        judged["name"],
        "true_alarm",
        "O-ring replaced",
        "local",
    )
    assert "true alarm" in page(client, f"/problems?run={run}")
    event = client.get(f"/runs/{run}/events/{judged['events'][0]}").json()
    assert (event["said"]["verdict"], event["said"]["note"]) == ("true_alarm", "O-ring replaced")
    table = client.get(f"/runs/{run}/wafers/export?what=problems&format=csv").text
    assert re.search(rf"^\ufeff?problem,.*\n(.*\n)*{judged['name']},.*true_alarm,O-ring replaced", table)
    assert client.put(address, json={"verdict": None}).json()["verdict"] is None
    assert client.get(f"/runs/{run}/events/{judged['events'][0]}").json()["said"]["verdict"] is None


@pytest.mark.parametrize("name", ["P-99999", "P-x", "nothing"])
def test_a_problem_that_never_was_is_said(
    client: TestClient, assert_error: Callable[..., dict[str, Any]], name: str
) -> None:
    answer = client.get(f"/problems/{name}", headers=PAGE)
    assert answer.status_code == 404
    assert f"There is no problem {name}." in answer.text
    assert_error(client.put(f"/problems/{name}/verdict", json={"verdict": None}), 404, "not_found", "problem")


def test_a_problem_whose_data_were_deleted_says_what_it_was(client: TestClient, korean_csv: bytes) -> None:
    made = client.post("/datasets", files={"file": ("에칭.csv", korean_csv)}).json()["id"]
    run = client.post("/detect", json={"dataset": made, "detector": "squared_difference"}).json()["run"]
    (one, *_) = client.get(f"/runs/{run}/problems").json()["problems"]
    client.delete(f"/datasets/{made}")
    answer = client.get(f"/problems/{one['name']}", headers=PAGE)
    assert answer.status_code == 404
    assert f"{one['name']} belonged to 에칭.csv, whose check is no longer kept." in answer.text


def act(client: TestClient, name: str, what: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/problems/{name}/{what}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def test_acts_on_no_problem_are_refused_without_offering_all_of_them(client: TestClient) -> None:
    answer = client.post("/problems/acts", json={"problems": [], "act": "acknowledge"})
    assert answer.status_code == 422
    assert answer.json()["error"]["hint"] == "Name at least one. A field that is not required can be left out."
    assert client.post("/problems/acts", json={"act": "acknowledge"}).status_code == 422


def test_a_problem_is_acknowledged_shelved_and_brought_back_and_the_page_says_who_did_it(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    name = found[-1]["name"]
    assert act(client, name, "acknowledge", note="on it")["state_text"] == "acknowledged · local"
    shelved = act(client, name, "shelve", hours=8)
    assert shelved["state"] == "shelved"
    assert re.match(r"shelved until 20\d\d-\d\d-\d\d \d\d:\d\d UTC · local", shelved["state_text"])
    listed_page = page(client, f"/problems?run={run}")
    assert "shelved: 1" in listed_page
    assert sorted(listed(listed_page)) == sorted(one["name"] for one in found)
    assert act(client, name, "unshelve")["state"] == "acknowledged"
    history = page(client, f"/problems/{name}?run={run}").split("History")[1]
    assert re.findall(r"local · ([^<]+?)(?: until [^<]+)?<", history) == [
        "brought back to the list",
        "shelved",
        "acknowledged",
    ]
    assert "on it" in history


def test_two_problems_of_a_chamber_are_merged_under_one_number_and_separated_again(
    client: TestClient, run: str, found: list[dict[str, Any]], assert_error: Callable[..., dict[str, Any]]
) -> None:
    one, other = next((a, b) for a in found for b in found if a != b and a["equipment"] == b["equipment"])
    stranger = next(each for each in found if each["equipment"] != one["equipment"])
    refused = client.post(f"/problems/{one['name']}/merge", json={"into": stranger["name"]})
    assert_error(refused, 422, "bad_input", "into")
    assert act(client, other["name"], "merge", into=one["name"])["merged_into"] == one["name"]
    now = {each["name"]: each for each in client.get(f"/runs/{run}/problems").json()["problems"]}
    assert other["name"] not in now
    assert set(now[one["name"]]["wafers"]) == {*one["wafers"], *other["wafers"]}
    assert f"{other['name']} is merged into {one['name']}." in page(client, f"/problems/{other['name']}")
    assert f"{other['name']} is merged into it." in page(client, f"/problems/{one['name']}?run={run}")
    assert act(client, other["name"], "separate")["state"] == "new"
    names = [each["name"] for each in client.get(f"/runs/{run}/problems").json()["problems"]]
    assert names == [each["name"] for each in found]


def together(client: TestClient, names: list[str], act_name: str, **body: Any) -> list[dict[str, Any]]:
    answer = client.post("/problems/acts", json={"problems": names, "act": act_name, **body})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["problems"])


def test_several_problems_are_closed_with_one_note_and_a_line_in_the_audit_log_for_each(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    names = [one["name"] for one in found[:3]]
    closed = together(client, [*names, names[0]], "close", verdict="false_alarm", note="gauge")
    assert [(one["name"], one["state"], one["note"]) for one in closed] == [(name, "closed", "gauge") for name in names]
    newest = client.get("/audit?limit=3").json()["entries"]
    assert sorted((one["action"], one["subject"]) for one in newest) == sorted(("judge problem", one) for one in names)
    assert {one["state"] for one in together(client, names, "reopen")} == {"new"}
    assert {one["state"] for one in together(client, names, "acknowledge", note="on it")} == {"acknowledged"}
    assert {one["state"] for one in together(client, names, "shelve", hours=8)} == {"shelved"}
    assert {one["state"] for one in together(client, names, "unshelve")} == {"acknowledged"}


def test_several_problems_of_a_chamber_are_merged_into_one(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    chamber = max((one["equipment"] for one in found), key=[one["equipment"] for one in found].count)
    names = [one["name"] for one in found if one["equipment"] == chamber][:3]
    merged = together(client, names, "merge", into=names[0])
    assert [one["merged_into"] for one in merged] == [None, *[names[0]] * (len(names) - 1)]
    for name in names[1:]:
        act(client, name, "separate")


def test_an_act_on_several_problems_is_done_to_all_of_them_or_to_none(
    client: TestClient, run: str, found: list[dict[str, Any]], assert_error: Callable[..., dict[str, Any]]
) -> None:
    name = found[0]["name"]
    stranger = next(one["name"] for one in found if one["equipment"] != found[0]["equipment"])
    mate = next(one["name"] for one in found[1:] if one["equipment"] == found[0]["equipment"])

    def refused(status: int, field: str, **body: Any) -> None:
        before = client.get(f"/runs/{run}/problems").json()["problems"]
        answer = client.post("/problems/acts", json=body)
        assert_error(answer, status, "not_found" if status == 404 else "bad_input", field)
        assert client.get(f"/runs/{run}/problems").json()["problems"] == before

    refused(404, "problem", problems=[name, "P-999999"], act="acknowledge")
    refused(422, "hours", problems=[name], act="shelve")
    refused(422, "verdict", problems=[name], act="close")
    refused(422, "into", problems=[name], act="merge")
    refused(422, "into", problems=[mate, stranger], act="merge", into=name)
    refused(422, "mark", problems=[name], act="close", verdict="true_alarm", mark="change")


def test_an_intended_change_closes_a_problem_and_marks_when_it_began_once(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    one = found[0]
    said = {"verdict": "intended_change", "note": "recipe edited", "mark": "change"}
    answers = [client.put(f"/problems/{one['name']}/verdict", json=said).json() for _ in range(2)]
    assert answers[0]["state_text"] == "intended change · local"
    wanted = {"kind": "change", "start": one["first_seen"], "equipment": one["equipment"], "dataset": DEMO}
    assert [answer["mark"] for answer in answers] == [wanted, wanted]
    marks = client.get(f"/datasets/{DEMO}/marks").json()["marks"]
    assert [(mark["kind"], mark["note"]) for mark in marks] == [("change", f"{one['name']}: recipe edited")]
    proposed = client.get(f"/datasets/{DEMO}/maintenance").json()["proposals"][0]
    assert (proposed["at"], proposed["title"]) == (
        one["first_seen"],
        f"change marked by local: {one['name']}: recipe edited",
    )
    shown = page(client, f"/problems/{one['name']}?run={run}")
    assert "Its time is marked: Trends and PM check show it." in shown
    assert "intended change" in shown.split("History")[1]
    back = client.put(f"/problems/{one['name']}/verdict", json={"verdict": None}).json()
    assert (back["verdict"], back["mark"]) == (None, None)
    client.delete(f"/datasets/{DEMO}/marks/{marks[0]['id']}")


def test_wafers_are_split_off_under_a_new_number_and_put_back(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    whole = max(found, key=lambda one: len(one["runs"]))
    made = act(client, whole["name"], "split", run=run, wafers=[whole["runs"][0] + 1])
    assert made["split_from"] == whole["name"]
    now = {each["name"]: each for each in client.get(f"/runs/{run}/problems").json()["problems"]}
    assert now[made["name"]]["wafers"] == whole["wafers"][:1]
    assert now[whole["name"]]["wafers"] == whole["wafers"][1:]
    text = page(client, f"/problems/{made['name']}?run={run}")
    assert f"Split from {whole['name']}." in text
    table = client.get(f"/runs/{run}/wafers/export?what=problems&format=csv").text
    assert re.search(rf"^{made['name']},", table, re.M)
    act(client, made["name"], "merge", into=whole["name"])
    now = {each["name"]: each for each in client.get(f"/runs/{run}/problems").json()["problems"]}
    assert now[whole["name"]]["wafers"] == whole["wafers"]
    assert made["name"] not in now


def test_a_search_finds_a_number_a_wafer_a_chamber_or_a_sensor(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    one = found[0]
    for typed in (one["name"], one["name"].lower().replace("-", "")):
        answer = client.get(f"/problems?run={run}&search={typed}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/problems/{one['name']}")
    for typed in (one["wafers"][0], one["sensor"].upper(), one["equipment"]):
        names = listed(page(client, f"/problems?run={run}&search={typed}"))
        assert one["name"] in names
        assert set(names) < {each["name"] for each in found}
    assert listed(page(client, f"/problems?run={run}&search=nowhere")) == []


def test_the_true_faults_are_shown_when_asked_for_with_what_was_missed(client: TestClient, run: str) -> None:
    plain = page(client, f"/problems?run={run}")
    assert "Show the true faults" in plain
    assert "labelled faults were found" not in plain
    text = page(client, f"/problems?run={run}&faults=1")
    rows = text.split('id="true-faults"')[1].split("</table>")[0]
    counts = re.search(r"(\d+) of (\d+) labelled faults were found; (\d+) of (\d+) problems", rows)
    assert counts is not None
    assert (rows.count("</span> found"), rows.count("</span> not found")) == (
        int(counts[1]),
        int(counts[2]) - int(counts[1]),
    )
    assert set(re.findall(r">(P-\d+)</a>", rows)) <= set(listed(plain))


def test_data_without_labels_have_no_true_faults(client: TestClient) -> None:
    rows = "\n".join(f"{at},{at % 7},{at % 5 + 90 * (at == 300)}" for at in range(600))
    made = client.post("/datasets", files={"file": ("plain.csv", f"time,a,b\n{rows}".encode())}).json()["id"]
    client.post("/detect", json={"dataset": made, "detector": "squared_difference"})
    assert "true faults" not in page(client, f"/problems?dataset={made}&faults=1")
    client.delete(f"/datasets/{made}")


def test_what_moved_where_a_problem_begins_is_listed_in_order(
    client: TestClient, run: str, found: list[dict[str, Any]]
) -> None:
    shown = [page(client, f"/problems/{one['name']}?run={run}") for one in found[:4]]
    tables = [text.split("What moved here")[1].split("</table>")[0] for text in shown if "What moved here" in text]
    assert tables
    for table in tables:
        times = re.findall(r"<td>(first|\+[\d.e]+ s)", table)
        assert times[0] == "first"
        later = [float(one[1:-2]) for one in times if one != "first"]
        assert later == sorted(later)


def test_other_checks_say_whether_they_found_a_problem(client: TestClient, uploaded: str) -> None:
    first = client.post("/detect", json={"dataset": uploaded, "detector": "squared_difference"}).json()["run"]
    (one, *_) = client.get(f"/runs/{first}/problems").json()["problems"]
    blind = client.post(
        "/detect", json={"dataset": uploaded, "detector": "squared_difference", "threshold": 1e9}
    ).json()["run"]
    text = page(client, f"/problems/{one['name']}?run={first}&checks=1")
    table = text.split('id="checks"')[1].split("</table>")[0]
    assert re.findall(r'data-label="Found">([^<]+)<', table) == ["not found by this version", "found"]
    assert f"Not found by this version: {len(client.get(f'/runs/{first}/problems').json()['problems'])}" in page(
        client, f"/problems?run={blind}"
    )
    missed = client.get(f"/problems/{one['name']}?run={blind}", headers=PAGE)
    assert missed.status_code == 404
    assert f"{one['name']} was not found by this check." in missed.text
    assert f'href="/problems/{one["name"]}"' in missed.text


def test_the_demo_opens_with_a_list_in_which_all_is_true(client: TestClient) -> None:
    parts = client.app.state.parts  # type: ignore[attr-defined]
    check_demo(parts)
    run = parts.jobs.all(kind="detection", dataset=DEMO, limit=1)[0]
    parts.jobs.ended(run.id).result(60)
    found, table = parts.store.results.detection(run.id), parts.store.datasets.table(DEMO)
    faulty = table.frame["anomaly"].to_numpy(dtype=float) > 0
    true = [
        bool(faulty[np.isin(found.event_ids, one.events)].any()) for one in found.problems if one.severity != "weak"
    ]
    assert len(true) >= 10
    assert all(true)
    assert np.isfinite(found.scores).mean() > 0.99
    assert listed(page(client, f"/problems?run={run.id}"))
    check_demo(parts)
    assert parts.jobs.all(kind="detection", dataset=DEMO, limit=1)[0].id == run.id, "it is not checked twice"


def etch_wafers(wafers: int = 60) -> bytes:
    """Wafers of one chamber in two steps; the flow of the main step is low on five of them."""
    random = np.random.default_rng(7)
    lines = ["time,equipment,lot,wafer,recipe,step,pressure,flow"]
    for wafer in range(wafers):
        for at in range(30):
            second = wafer * 60 + at
            stamp = f"2026-03-01 {9 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            low = 8 if 40 <= wafer < 45 and at >= 10 else 0
            pressure, flow = random.normal(50, 1), random.normal(100 - low, 1)
            step = "stabilise" if at < 10 else "etch"
            lines.append(f"{stamp},PM1,L{wafer // 25},{wafer % 25 + 1},ME,{step},{pressure:.2f},{flow:.2f}")
    return "\n".join(lines).encode()


def proposal(text: str) -> dict[str, Any]:
    (request,) = re.findall(r'data-request="([^"]+)"', text)
    return dict(json.loads(html.unescape(request)))


def test_after_a_check_without_a_reference_the_normal_wafers_are_proposed_and_learnt_as_named(
    client: TestClient,
) -> None:
    made = client.post("/datasets", files={"file": ("ETCH 7.csv", etch_wafers())}).json()["id"]
    run = client.post("/detect", json={"dataset": made, "detector": "statistical"}).json()["run"]
    text = page(client, f"/problems?run={run}")
    assert "55 of 60 wafers look normal (PM1 55); 5 are set aside." in text
    request = proposal(text)
    assert request["leave_out"] == sorted(f"L1/{wafer}" for wafer in range(16, 21))
    aside = text.split("Set aside, and why: 5")[1].split("</table>")[0]
    assert aside.count("flow in etch -") == 5
    assert 'value="ETCH-7-golden"' in text
    job = client.post("/monitors", json={"name": "ETCH-7-golden", **request}).json()["id"]
    client.app.state.parts.jobs.ended(job).result(120)  # type: ignore[attr-defined]
    (golden,) = [one for one in client.get("/golden-sets").json()["golden_sets"] if one["name"] == "ETCH-7-golden"]
    assert golden["wafers"] == 55
    again = client.post("/detect", json={"dataset": made, "monitor": "ETCH-7-golden"}).json()["run"]
    checked = page(client, f"/problems?run={again}")
    assert "data-request" not in checked, "what is normal has been said"
    assert "5 of 60 wafers are abnormal" in checked
    assert listed(checked) == listed(text), "the problem keeps its number"
    client.delete("/monitors/ETCH-7-golden")
    client.delete(f"/datasets/{made}")


def test_wafers_that_an_engineer_called_false_alarms_are_proposed_as_normal(client: TestClient) -> None:
    made = client.post("/datasets", files={"file": ("etch.csv", etch_wafers())}).json()["id"]
    run = client.post("/detect", json={"dataset": made, "detector": "statistical"}).json()["run"]
    (name,) = listed(page(client, f"/problems?run={run}"))
    client.put(f"/problems/{name}/verdict", json={"verdict": "false_alarm"})
    text = page(client, f"/problems?run={run}")
    assert "60 of 60 wafers look normal" in text
    assert "leave_out" not in proposal(text)
    client.delete(f"/datasets/{made}")


def test_of_rows_without_wafers_the_longest_calm_stretch_is_proposed(client: TestClient, uploaded: str) -> None:
    run = client.post("/detect", json={"dataset": uploaded, "detector": "squared_difference"}).json()["run"]
    request = proposal(page(client, f"/problems?run={run}"))
    (start, end) = (request["start"], request["end"])
    assert "2026-03-01T09:00:00" <= start < end <= "2026-03-01T09:06:40"
    events = client.get(f"/runs/{run}/result").json()["events"]
    assert not [one for one in events if one["start"] < end and one["end"] > start]


def test_the_demo_and_a_check_by_a_reference_propose_nothing(client: TestClient, run: str, uploaded: str) -> None:
    assert "data-request" not in page(client, f"/problems?run={run}")
    known = client.post(
        "/detect", json={"dataset": uploaded, "detector": "squared_difference", "reference_rows": 200}
    ).json()["run"]
    assert "data-request" not in page(client, f"/problems?run={known}")


def test_the_demo_gives_its_answer_away_nowhere_before_it_is_asked_for(client: TestClient, run: str) -> None:
    (worst, *_) = client.get(f"/runs/{run}/problems").json()["problems"]
    event = client.get(f"/runs/{run}/result").json()["events"][0]["id"]
    for address in (
        "/problems?",
        f"/problems/{worst['name']}?",
        f"/problems/event?event={event}&",
        "/problems/groups?",
    ):
        text = re.sub(r'id="page-data".*', "", page(client, f"{address}run={run}"))  # roles, which scripts need
        assert [kind for kind in FAULT_KINDS if kind in text] == [], address
    assert "fault_kind" not in client.get(f"/runs/{run}/groups").json()["columns"]
    assert "fault_kind" not in client.get(f"/runs/{run}/events/{event}").text


def test_no_problem_of_the_demo_is_one_row_or_begins_in_the_first_minute(client: TestClient, run: str) -> None:
    events = {one["id"]: one for one in client.get(f"/runs/{run}/result").json()["events"]}
    for problem in client.get(f"/runs/{run}/problems").json()["problems"]:
        assert problem["first_seen"] > "2026-01-05T08:01:00"
        mine = [events[one]["rows"] for one in problem["events"]]
        assert problem["wafers"] or max(mine) >= 3, problem["title"]


def test_a_budget_that_the_golden_rows_cannot_carry_is_said_in_red_and_the_page_is_not_silent(
    client: TestClient,
) -> None:
    asked = {"detector": "statistical", "reference_rows": 2000, "false_alarms": 1}
    run = client.post("/detect", json=asked).json()["run"]
    text = page(client, f"/problems?run={run}")
    warning = re.search(r'<p class="reason not-kept">(.*?)</p>', text, re.S)
    assert warning is not None
    assert "can be promised" in warning[1]
    table = client.app.state.parts.store.datasets.table(DEMO)  # type: ignore[attr-defined]
    found = client.app.state.parts.store.results.detection(run)  # type: ignore[attr-defined]
    faulty = table.frame["anomaly"].to_numpy(dtype=float) > 0
    strong = [one for one in found.problems if one.severity != "weak"][:10]
    true = [bool(faulty[np.isin(found.event_ids, one.events)].any()) for one in strong]
    assert len(true) == 10
    assert sum(true) >= 8
    assert "Highest below the limit" in text


def test_the_pictures_of_an_event_are_drawn_where_a_table_has_its_newest_rows_first(client: TestClient) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1500, 2))
    values[700:740, 0] += 12
    lines = [f"2026-03-01T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02},{a},{b}" for at, (a, b) in enumerate(values)]
    content = "\n".join(["time,he,bias", *reversed(lines)])
    dataset = client.post("/datasets", files={"file": ("newest.csv", content, "text/csv")}).json()["id"]
    try:
        run = client.post("/detect", json={"dataset": dataset, "detector": "statistical"}).json()["run"]
        name = client.get(f"/runs/{run}/problems").json()["problems"][0]["name"]
        assert "around event" in page(client, f"/problems/{name}?run={run}")
        assert "<svg" in client.get(f"/runs/{run}/report.html").text
    finally:
        client.delete(f"/datasets/{dataset}")
