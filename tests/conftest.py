"""Which tests share a process when several run at once (pytest-xdist), and how long an example of one may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_BROWSER = "tests/browser/"
# One server and one browser for each. With two processes one half runs after the other: it waits a lot, which leaves
# time for the rest.
_BROWSER_HALVES = ("browser: test_a to test_f", "browser: test_g to test_w")
# What is long begins first, so that no process waits for another in the end. Groups come by their number of tests,
# those with long tests by these numbers, about seconds on two slow cores.
_WEIGHTS = {
    _BROWSER_HALVES[0]: 1000,
    _BROWSER_HALVES[1]: 150,
    "tests/web/shell/test_fuzz.py": 200,
    "tests/live/test_stream_is_batch.py": 100,
    "tests/test_contributing.py": 60,
    "tests/live/test_sources.py": 50,
    "tests/scoring/test_any_frame.py": 50,
    "tests/commands/test_monitor_commands.py": 30,
    "tests/models/moment/test_hub.py": 30,
    "tests/read/test_memory.py": 30,
    "tests/scale/test_engines.py": 30,
    "tests/store/test_killed_threshold.py": 30,
    "tests/test_sklearn.py": 30,
    "tests/web/pages/test_compare.py": 30,
    "tests/train/test_export.py": 10,
    "tests/web/access/test_log_out.py": 10,
    "tests/web/shell/test_generated_client.py": 10,
}

hypothesis.settings.register_profile("waferwatch", deadline=None)  # on a busy machine each may take seconds
hypothesis.settings.load_profile("waferwatch")


class InGroups(LoadScopeScheduling):
    """The tests of a file stay together, and so does each half of those that use the browser: a group sets up its parts
    once. The longest group comes first.

    The marks of xdist's own groups are not seen with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if not file.startswith(_BROWSER):
            return file
        return _BROWSER_HALVES[file >= f"{_BROWSER}test_g"]

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Of tests that share an id, pytest-xdist would run the first alone."""
        twice = [name for name, count in Counter(collection).items() if count > 1]
        if twice:
            raise pytest.UsageError(f"Several tests have one id, give them different ones: {', '.join(twice)}")
        super().add_node_collection(node, collection)

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = max(self.workqueue, key=lambda scope: max(_WEIGHTS.get(scope, 0), len(self.workqueue[scope])))
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InGroups:
    return InGroups(config, log)
