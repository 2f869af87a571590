"""The entries of the navigation, and addresses of before."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from waferwatch.web.pages.moved.api import MOVED

_ENTRY = re.compile(r'<a href="(/[^"]*)"( aria-current="page")?>([^<]+)</a>')


def entries(client: TestClient, path: str, language: str = "en") -> list[tuple[str, str, str]]:
    page = client.get(path, headers={"Accept-Language": language, "Accept": "text/html"}).text
    return _ENTRY.findall(page.split('<nav class="pages"')[1].split("</nav>")[0])


def test_every_entry_leads_to_a_page_that_marks_it(client: TestClient) -> None:
    listed = entries(client, "/data")
    assert [title for _, _, title in listed if title in ("Problems", "Monitors", "Data")] == [
        "Problems",
        "Monitors",
        "Data",
    ]
    for address, _, title in listed:
        assert [name for _, current, name in entries(client, address) if current] == [title]


def test_the_entries_have_korean_names(client: TestClient) -> None:
    names = [title for _, _, title in entries(client, "/data", "ko")]
    assert [name for name in names if name in ("이상", "감시 모델", "데이터")] == ["이상", "감시 모델", "데이터"]


@pytest.mark.parametrize(
    ("path", "title"), [("/data/checks", "Data"), ("/monitors/compare", "Monitors"), ("/", "Problems")]
)
def test_a_page_without_an_entry_belongs_to_one(client: TestClient, path: str, title: str) -> None:
    assert [name for _, current, name in entries(client, path) if current] == [title]


@pytest.mark.parametrize("old", MOVED)
def test_an_address_of_before_leads_to_the_new_one_with_its_query(client: TestClient, old: str) -> None:
    answer = client.get(f"{old}?run=1&by=lot%26x", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{MOVED[old]}?run=1&by=lot%26x")
    assert client.get(old, follow_redirects=False).headers["location"] == MOVED[old]


def test_no_monitor_takes_the_address_of_a_page(client: TestClient) -> None:
    answer = client.post("/monitors", json={"name": "compare", "dataset": "demo"})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "A monitor cannot be called compare."
