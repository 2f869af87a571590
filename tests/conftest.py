"""Which tests share a process when several run at once (pytest-xdist), and how long an example of one may take."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_MOST_PROCESSES = 4  # each holds its own server, browser and models
# What is long begins first, so that no process waits for another in the end. Files come by their number of tests,
# those with long tests by these numbers, about seconds on two slow cores.
_WEIGHTS = {
    "tests/browser/test_accessibility.py": 150,
    "tests/browser/test_compare.py": 70,
    "tests/browser/test_data.py": 70,
    "tests/browser/test_detect.py": 150,
    "tests/browser/test_event.py": 80,
    "tests/browser/test_groups.py": 70,
    "tests/browser/test_history.py": 60,
    "tests/browser/test_imports.py": 30,
    "tests/browser/test_login.py": 30,
    "tests/browser/test_monitors.py": 60,
    "tests/browser/test_page_state.py": 60,
    "tests/browser/test_pages.py": 90,
    "tests/browser/test_paper.py": 20,
    "tests/browser/test_problems.py": 80,
    "tests/browser/test_server.py": 20,
    "tests/browser/test_trends.py": 90,
    "tests/browser/test_walks.py": 40,
    "tests/browser/test_watch.py": 60,
    "tests/web/shell/test_fuzz.py": 120,
    "tests/live/test_stream_is_batch.py": 60,
    "tests/test_contributing.py": 60,
    "tests/live/test_sources.py": 50,
    "tests/scoring/test_any_frame.py": 50,
    "tests/commands/test_monitor_commands.py": 30,
    "tests/models/moment/test_hub.py": 30,
    "tests/read/test_memory.py": 30,
    "tests/scale/test_engines.py": 30,
    "tests/store/test_killed_threshold.py": 30,
    "tests/test_sklearn.py": 30,
    "tests/train/test_export.py": 10,
    "tests/web/access/test_log_out.py": 10,
    "tests/web/shell/test_generated_client.py": 10,
}

hypothesis.settings.register_profile("waferwatch", deadline=None)  # on a busy machine each may take seconds
hypothesis.settings.load_profile("waferwatch")


class ByFile(LoadScopeScheduling):
    """The tests of a file stay together, for they share what is set up for them. The longest file comes first."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0]

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


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: tests of browsers, servers and live rows wait while others compute."""
    return min(_MOST_PROCESSES, (os.cpu_count() or 1) + 1)
