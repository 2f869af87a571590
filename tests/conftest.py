"""Which tests share a process when several run at once (pytest-xdist)."""

from __future__ import annotations

import pytest

_IN_ONE = "tests/browser/"  # one server and one browser for all of them


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file stay together, and so do all that use the browser: each group sets up its parts once."""
    for item in items:
        file = item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(_IN_ONE if file.startswith(_IN_ONE) else file))
