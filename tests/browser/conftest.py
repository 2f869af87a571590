"""A real server process and a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.server_process import ServerProcess, as_it_is, free_port, without_demo_check

BROWSERS = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")  # the first draws the same and starts sooner
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # a process that has compiled Plotly draws the next page in half the time
)
expect.set_options(timeout=20_000)  # a busy machine is no fault of the page
_DESK = {"locale": "en-US", "viewport": {"width": 1440, "height": 900}}
_PHONE = {"locale": "ko-KR", "viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture(name="free_port")
def port_that_is_free() -> int:
    return free_port()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server process with a data directory of its own."""
    yield from _serve(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that asks for a token: ``open-sesame-please``."""
    yield from _serve(tmp_path_factory.mktemp("guarded"), without_demo_check, WAFERWATCH_TOKEN="open-sesame-please")


def _serve(folder: Path, prepare: Callable[[], None] = as_it_is, **settings: str) -> Iterator[str]:
    server = ServerProcess(folder / "data", folder / "log", prepare, **settings)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((one for one in BROWSERS if Path(one).exists()), None)
    if program is None:
        pytest.skip("Chromium is not installed (Debian package chromium-headless-shell or chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def desk_context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    yield from _context(browser, server, **_DESK)


@pytest.fixture(scope="module")
def phone_context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    yield from _context(browser, server, **_PHONE)


@pytest.fixture(scope="module")
def guarded_desk_context(browser: Browser, guarded_server: str) -> Iterator[BrowserContext]:
    yield from _context(browser, guarded_server, **_DESK)


@pytest.fixture(scope="module")
def guarded_phone_context(browser: Browser, guarded_server: str) -> Iterator[BrowserContext]:
    yield from _context(browser, guarded_server, **_PHONE)


@pytest.fixture
def page(desk_context: BrowserContext, server: str) -> Iterator[Page]:
    """A desktop page that fails its test for any console error, page error, failed or foreign request.

    A test that provokes one names a part of its text in ``page.allowed_faults``.
    """
    yield from _watched(desk_context, server)


@pytest.fixture
def phone(phone_context: BrowserContext, server: str) -> Iterator[Page]:
    """The same on a small phone, in Korean."""
    yield from _watched(phone_context, server)


@pytest.fixture
def guarded_page(guarded_desk_context: BrowserContext, guarded_server: str) -> Iterator[Page]:
    """A desktop page on the server that asks for a token."""
    yield from _watched(guarded_desk_context, guarded_server)


@pytest.fixture
def guarded_phone(guarded_phone_context: BrowserContext, guarded_server: str) -> Iterator[Page]:
    """The same on a small phone, in Korean."""
    yield from _watched(guarded_phone_context, guarded_server)


def leave_and_delete(page: Page, *paths: str) -> None:
    """Delete what a test has made once the page asks for it no longer."""
    page.goto("about:blank")
    for path in paths:
        page.request.delete(path)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Pages are left before fixtures delete what they show."""
    for one in getattr(item, "funcargs", {}).values():
        if isinstance(one, Page) and not one.is_closed():
            one.goto("about:blank")


def _context(browser: Browser, server: str, **options: object) -> Iterator[BrowserContext]:
    """One whose first page stays open, so that the process lives on between the tests."""
    context = browser.new_context(base_url=server, **options)  # type: ignore[arg-type]
    context.new_page().goto("/healthz")
    yield context
    context.close()


def _forget(context: BrowserContext, server: str) -> None:
    """What pages have kept in the browser goes; compiled scripts stay."""
    context.clear_cookies()
    tools = context.new_cdp_session(context.pages[0])
    tools.send("Storage.clearDataForOrigin", {"origin": server, "storageTypes": "all"})
    tools.detach()


def _watched(context: BrowserContext, server: str) -> Iterator[Page]:
    _forget(context, server)
    page = context.new_page()
    faults: list[str] = []
    allowed: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith((server, "data:", "blob:")) or faults.append(request.url))
    page.allowed_faults = allowed  # type: ignore[attr-defined]
    yield page
    for opened in context.pages[1:]:
        opened.close()
    assert [fault for fault in faults if not any(part in fault for part in allowed)] == []
