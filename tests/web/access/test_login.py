"""The door: who needs a token, how it is shown, and that nothing opens without it."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from itsdangerous import TimestampSigner
from pydantic import SecretStr
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.access.access import Access, is_loopback
from waferwatch.web.access.door import local_path
from waferwatch.web.access.session import SESSION_S, Sessions
from waferwatch.web.app import ENDPOINTS, create_app
from waferwatch.web.server import _greeting

AssertError = Callable[..., dict[str, Any]]
TOKEN = "correct horse battery"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
COOKIE = "waferwatch-session-5000"


@contextmanager
def opened(folder: Path, base_url: str = "http://127.0.0.1", **settings: Any) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(data_dir=folder, **settings)), base_url=base_url) as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    with opened(tmp_path, token=SecretStr(TOKEN)) as client:
        yield client


@pytest.fixture(scope="module")
def shut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The same for requests that leave nothing behind, which may show many wrong tokens: one application is enough."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("waferwatch.web.access.access._FAILED_PER_MINUTE", 1000)
        with opened(tmp_path_factory.mktemp("shut"), token=SecretStr(TOKEN)) as client:
            yield client


def log_in(client: TestClient, token: str = TOKEN, **fields: str) -> Any:
    return client.post("/login", data={"token": token, **fields}, headers=PAGE)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.5", False),
        ("fab.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_a_token_is_needed_as_soon_as_the_server_listens_beyond_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    access = Access(Settings(host=host))
    assert access.needed is not loopback
    assert len(access.token) >= 32 or loopback
    assert Access(Settings(host=host)).token != access.token or loopback, "a new one at each start"


def test_a_token_of_the_settings_and_a_proxy_s_name_close_loopback_too() -> None:
    assert Access(Settings(token=SecretStr(f" {TOKEN}\n"))).token == TOKEN
    assert Access(Settings(allowed_hosts="fab.example")).needed


def test_a_generated_token_is_reported_at_the_start_and_a_chosen_one_is_not() -> None:
    access = Access(Settings(host="0.0.0.0"))
    told = "\n".join(_greeting("http://localhost:5000", access))
    assert f"http://localhost:5000/?token={access.token}" in told
    assert TOKEN not in "\n".join(_greeting("x", Access(Settings(host="0.0.0.0", token=SecretStr(TOKEN)))))
    assert len(_greeting("x", Access(Settings()))) == 1


def test_without_a_token_everything_on_loopback_is_open_and_done_by_local(client: TestClient) -> None:
    assert client.get("/").status_code == 200
    assert "/logout" not in client.get("/").text
    answer = client.get("/login?next=/data", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/data")


CLOSED = sorted({(one.method, re.sub(r"{\w+(:path)?}", "x", one.path)) for one in ENDPOINTS if not one.open})


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_no_program_gets_anything_without_the_token(
    assert_error: AssertError, shut: TestClient, method: str, path: str
) -> None:
    if path in ("/healthz", "/readyz"):
        assert shut.request(method, path).status_code in (200, 503)
        return
    answer = shut.request(method, path)
    assert_error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert_error(shut.request(method, path, headers={"Authorization": "Bearer wrong"}), 401, "unauthorized", "token")


def test_unknown_addresses_tell_nothing_either(assert_error: AssertError, guarded: TestClient) -> None:
    assert_error(guarded.get("/no/such/place"), 401, "unauthorized")
    assert_error(guarded.get("//static/x"), 401, "unauthorized")
    assert_error(guarded.get("/STATIC/x"), 401, "unauthorized")


def test_health_static_files_and_the_login_page_are_open(guarded: TestClient) -> None:
    assert guarded.get("/healthz").status_code == 200
    page = guarded.get("/login")
    assert page.status_code == 200
    for address in set(re.findall(r"""(?:src|href)=["'](/static/[^"']+)""", page.text)):
        assert guarded.get(address).status_code == 200
    assert "datasets" not in page.text
    assert 'href="/data"' not in page.text


def test_a_program_shows_the_token_in_a_header(guarded: TestClient) -> None:
    assert guarded.get("/datasets", headers=BEARER).status_code == 200
    assert guarded.get("/datasets", headers={"Authorization": f"bearer   {TOKEN} "}).status_code == 200
    assert guarded.get("/datasets", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert guarded.get("/metrics", headers=BEARER).status_code == 200


@pytest.mark.parametrize("wanted", ["/", "/data", "/problems/groups?run=1&by=lot"])
def test_a_browser_is_led_to_the_login_page_and_back(guarded: TestClient, wanted: str) -> None:
    sent = guarded.get(wanted, headers=PAGE)
    assert sent.status_code == 303
    assert sent.headers["location"] == ("/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}")
    form = guarded.get(sent.headers["location"], headers=PAGE).text
    target = re.search(r'name="next" value="([^"]+)"', form)
    assert target is not None
    assert target[1].replace("&amp;", "&") == wanted
    back = log_in(guarded, next=wanted, name="Kim")
    assert (back.status_code, back.headers["location"]) == (303, wanted)
    assert guarded.get("/", headers=PAGE).status_code == 200


def test_the_session_is_a_cookie_that_scripts_and_other_sites_cannot_use(guarded: TestClient, tmp_path: Path) -> None:
    cookie = log_in(guarded).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert f"Max-Age={SESSION_S}" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    with opened(tmp_path / "https", "https://127.0.0.1", token=SecretStr(TOKEN)) as client:
        assert "Secure" in log_in(client).headers["set-cookie"]


def test_the_token_of_an_address_becomes_a_cookie_and_leaves_the_address(guarded: TestClient) -> None:
    sent = guarded.get(f"/problems/groups?by=lot&token={quote(TOKEN)}&run=1", headers=PAGE)
    assert (sent.status_code, sent.headers["location"]) == (303, "/problems/groups?by=lot&run=1")
    assert "HttpOnly" in sent.headers["set-cookie"]
    assert guarded.get("/problems/groups", headers=PAGE).status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/?token=wrong", headers=PAGE).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=1",
        "",
        " /data",
        "///evil.example",
    ],
)
def test_nobody_is_led_to_another_site(shut: TestClient, wanted: str) -> None:
    assert local_path(wanted) == "/"
    answer = log_in(shut, next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = shut.get("/login", params={"next": wanted})
    assert page.headers["location"] == "/"
    shut.cookies.clear()
    token = shut.get(f"//evil.example/?token={quote(TOKEN)}")
    assert token.headers["location"] == "/"
    shut.cookies.clear()


def test_a_wrong_token_is_reported_on_the_page_with_what_was_typed_kept(
    assert_error: AssertError, guarded: TestClient
) -> None:
    page = log_in(guarded, "wrong", next="/data", name='<b>"Kim"</b>')
    assert page.status_code == 401
    assert "The token is wrong." in page.text
    assert 'value="/data"' in page.text
    assert "&lt;b&gt;" in page.text
    assert "<b>" not in page.text
    assert "set-cookie" not in page.headers
    assert_error(guarded.post("/login", data={"token": "wrong"}), 401, "unauthorized", "token")
    assert_error(guarded.post("/login", json={"token": TOKEN}), 415, "unsupported_media_type")
    assert_error(guarded.post("/login", data={"name": "x"}), 422, "bad_input", "token")
    assert_error(guarded.post("/login", data={"token": "x" * 20_000}), 413, "too_large")


def test_logging_out_takes_the_cookie_away(guarded: TestClient) -> None:
    log_in(guarded, name="Kim")
    page = guarded.get("/", headers=PAGE).text
    assert "Kim" in page
    assert 'action="/logout"' in page
    out = guarded.post("/logout", headers=PAGE)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert guarded.get("/", headers=PAGE).status_code == 303


def user_of(sessions: Sessions, text: str) -> str | None:
    found = sessions.read(text)
    return None if found is None else found.user


def test_another_token_ends_every_session_and_a_changed_cookie_is_none() -> None:
    ours = Sessions("one", 5000)
    text = ours.open("Kim")
    assert user_of(ours, text) == "Kim"
    assert user_of(Sessions("one", 5000), text) == "Kim", "a restart keeps it"
    assert ours.read(text) != ours.read(ours.open("Kim")), "each log-in is a session of its own"
    assert Sessions("two", 5000).read(text) is None
    assert ours.read(text[:-2] + ("AA" if text[-2:] != "AA" else "BB")) is None
    assert ours.read("") is None
    assert ours.read("x" * 5000) is None
    assert ours.read("é") is None


def signed_at(monkeypatch: pytest.MonkeyPatch, sessions: Sessions, seconds: float) -> str:
    """A cookie made by a server whose clock was wrong by so many seconds."""
    moment = time.time() + seconds
    with monkeypatch.context() as clock:
        clock.setattr("itsdangerous.timed.time.time", lambda: moment)
        return sessions.open("Kim")


@pytest.mark.parametrize(("seconds", "user"), [(-SESSION_S + 60, "Kim"), (-SESSION_S - 60, None), (30 * 86400, None)])
def test_an_old_session_is_over_and_one_of_the_far_future_is_none(
    monkeypatch: pytest.MonkeyPatch, seconds: float, user: str | None
) -> None:
    ours = Sessions("one", 5000)
    assert user_of(ours, signed_at(monkeypatch, ours, seconds)) == user


def test_sessions_outlast_a_clock_that_is_set_back_by_two_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Sessions("one", 5000)
    assert user_of(ours, signed_at(monkeypatch, ours, 7200)) == "Kim"


def test_the_cookie_is_not_signed_with_the_token_itself() -> None:
    text = Sessions(TOKEN, 5000).open("Kim")
    for derivation in ("hmac", "django-concat", "concat", "none"):
        signer = TimestampSigner(
            TOKEN, salt="waferwatch session", digest_method=hashlib.sha256, key_derivation=derivation
        )
        assert not signer.validate(text)


def test_the_audit_log_tells_who_came_in_and_who_did_not(guarded: TestClient) -> None:
    log_in(guarded, "wrong", name="Lee")
    log_in(guarded, name="Kim \x00\n" + "x" * 100)
    guarded.post("/logout")
    log_in(guarded)
    guarded.get("/datasets", headers={"Authorization": "Bearer wrong"})
    entries = guarded.get("/audit?limit=10", headers=BEARER).json()["entries"]
    assert [entry["action"] for entry in entries] == [
        "failed log in",
        "log in",
        "log out",
        "log in",
        "failed log in",
    ]
    assert [entry["user"][:5] for entry in entries] == ["visit", "visit", "Kim x", "Kim x", "Lee"]
    assert {entry["subject"] for entry in entries} == {"testclient"}
    assert "wrong" not in str(entries)


def test_what_a_visitor_does_carries_the_name(guarded: TestClient) -> None:
    log_in(guarded, name="김공정")
    made = guarded.post("/datasets", files={"file": ("a.csv", b"time,x\n" + b"\n".join(b"%d,1" % n for n in range(9)))})
    assert made.status_code == 201, made.text
    assert guarded.get("/audit").json()["entries"][0]["user"] == "김공정"


def test_a_reverse_proxy_s_name_is_answered_when_the_settings_say_so(tmp_path: Path, assert_error: AssertError) -> None:
    with opened(tmp_path, allowed_hosts="fab.example, tool.example") as client:
        for name in ("fab.example", "tool.example:8443", "FAB.example"):
            assert client.get("/healthz", headers={"Host": name}).status_code == 200
        assert_error(client.get("/healthz", headers={"Host": "other.example"}), 400, "malformed")
        assert_error(client.get("/datasets", headers={"Host": "fab.example"}), 401, "unauthorized")


def test_another_site_cannot_log_anybody_in(assert_error: AssertError, guarded: TestClient) -> None:
    answer = guarded.post("/login", data={"token": TOKEN}, headers={"Origin": "http://evil.example"})
    assert_error(answer, 403, "forbidden")
    assert "set-cookie" not in answer.headers


def test_requests_with_work_in_them_are_limited_by_client(tmp_path: Path, assert_error: AssertError) -> None:
    with opened(tmp_path, posts_per_minute=3) as client:
        for _ in range(3):
            assert client.post("/detect", json={"what": 1}).status_code == 422
        refused = client.post("/detect", json={"what": 1})
        assert_error(refused, 429, "too_many")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.get("/datasets").status_code == 200
