"""The bounded memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

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


def make_while(recent: Recent[str, int], meanwhile: Callable[[], None]) -> int:
    """A value that was read before ``meanwhile`` happened, and arrives after it."""

    def make() -> int:
        meanwhile()
        return 1

    return recent.get("x", make)


def test_a_value_that_was_put_meanwhile_is_newer_than_the_made_one() -> None:
    recent: Recent[str, int] = Recent(10, lambda _: 1)
    assert make_while(recent, lambda: recent.put("x", 2)) == 2
    assert recent.find("x") == 2


def test_what_was_forgotten_meanwhile_is_not_kept() -> None:
    recent: Recent[str, int] = Recent(10, lambda _: 1)
    make_while(recent, lambda: recent.forget(lambda key, _value: key == "x"))
    assert recent.find("x") is None
    make_while(recent, lambda: recent.forget(lambda _key, value: value == 1))
    assert recent.find("x") is None
    make_while(recent, lambda: recent.forget(lambda key, _value: key == "y"))
    assert recent.find("x") == 1, "something else was forgotten"


def test_makers_that_fail_leave_nothing_behind() -> None:
    recent: Recent[int, int] = Recent(10, lambda _: 1)
    for key in range(1000):
        with pytest.raises(ZeroDivisionError):
            recent.get(key, lambda: 1 // 0)
    assert (len(recent), len(recent._making)) == (0, 0)


def test_of_threads_that_wait_for_a_maker_that_fails_the_next_one_makes_it() -> None:
    recent: Recent[str, int] = Recent(10, lambda _: 1)
    outcomes: list[object] = []
    first = threading.Event()

    def make() -> int:
        time.sleep(0.02)
        if not first.is_set():
            first.set()
            raise ZeroDivisionError
        return 7

    def get() -> None:
        try:
            outcomes.append(recent.get("x", make))
        except ZeroDivisionError:
            outcomes.append("failed")

    threads = [threading.Thread(target=get) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["7"] * 5 + ["failed"]
    assert len(recent._making) == 0
