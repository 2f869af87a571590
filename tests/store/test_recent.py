"""The bounded memory."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waferwatch.store.recent import Recent


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=60))
def test_it_never_holds_more_than_its_limit_except_the_newest(puts: list[tuple[int, int]]) -> None:
    recent: Recent[int, int] = Recent(100, lambda size: size)
    for key, size in puts:
        recent.put(key, size)
        assert recent.find(key) == size
        assert recent.bytes <= 100 or len(recent) == 1


def test_what_was_used_last_stays() -> None:
    recent: Recent[str, int] = Recent(3, lambda _: 1)
    for key in "abc":
        recent.put(key, 1)
    recent.find("a")
    recent.put("d", 1)
    assert recent.find("a") == 1
    assert recent.find("b") is None


def test_threads_that_want_the_same_let_one_of_them_make_it() -> None:
    recent: Recent[str, list[int]] = Recent(10, len)
    made = []

    def make() -> list[int]:
        made.append(1)
        time.sleep(0.05)
        return [1]

    threads = [threading.Thread(target=lambda: recent.get("x", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_an_error_keeps_nothing_and_the_next_one_may_try() -> None:
    recent: Recent[str, int] = Recent(10, lambda _: 1)
    with pytest.raises(ZeroDivisionError):
        recent.get("x", lambda: 1 // 0)
    assert recent.get("x", lambda: 7) == 7


def test_chosen_entries_are_forgotten() -> None:
    recent: Recent[str, int] = Recent(10, lambda _: 1)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.forget(lambda _key, value: value == 2)
    assert recent.find("a") == 1
    assert recent.find("b") is None
