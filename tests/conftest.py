"""Which tests share a process when several run at once (pytest-xdist), and how long an example of one may take."""

from __future__ import annotations

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_IN_ONE = "tests/browser/"  # one server and one browser for all of them

hypothesis.settings.register_profile("waferwatch", deadline=None)  # on a busy machine each may take seconds
hypothesis.settings.load_profile("waferwatch")


class InGroups(LoadScopeScheduling):
    """The tests of a file stay together, and so do all that use the browser: each group sets up its parts once.

    The marks of xdist's own groups are not seen with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return _IN_ONE if file.startswith(_IN_ONE) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InGroups:
    return InGroups(config, log)
