"""Work done side by side in threads."""

from __future__ import annotations

import threading
import time

import pytest
from waferwatch.detectors.heads import Step

from waferwatch.errors import Cancelled
from waferwatch.models.side_by_side import side_by_side


def test_results_come_in_the_order_of_the_work_however_long_each_takes() -> None:
    def piece(number: int) -> int:
        time.sleep(0.02 * (3 - number))
        return number

    work = [lambda _step, number=number: piece(number) for number in range(4)]
    assert side_by_side(work, 4, lambda _share: None) == [0, 1, 2, 3]


def test_pieces_are_worked_on_at_once_up_to_the_threads_that_are_allowed() -> None:
    both = threading.Barrier(2, timeout=10)
    assert side_by_side([lambda _step: both.wait() >= 0] * 2, 2, lambda _share: None) == [True, True]


def test_progress_is_told_one_at_a_time_never_goes_back_and_ends_at_one() -> None:
    told: list[float] = []

    def piece(step: Step) -> None:
        for _ in range(20):
            step()

    side_by_side([piece] * 5, 3, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_what_progress_raises_ends_all_pieces_at_their_next_step() -> None:
    steps: list[int] = []
    allowed = 10

    def progress(_share: float) -> None:
        steps.append(1)
        if len(steps) == allowed:
            raise Cancelled("Enough.")

    def endless(step: Step) -> None:
        while True:
            step()

    with pytest.raises(Cancelled):
        side_by_side([endless] * 3, 3, progress)
    assert len(steps) == allowed


def test_what_a_piece_raises_is_raised() -> None:
    def broken(_step: Step) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        side_by_side([broken, lambda _step: None], 2, lambda _share: None)


def test_no_work_has_no_results() -> None:
    assert side_by_side([], 2, lambda _share: None) == []
