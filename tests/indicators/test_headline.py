"""The sentence above a result says only of what was judged that it has no problem."""

from __future__ import annotations

import pytest

from waferwatch.indicators.problems.headline import headline
from waferwatch.indicators.verdicts import RunScore

NAN = float("nan")


def runs(*scores: float, wafer: bool = True) -> list[RunScore]:
    return [
        RunScore({}, at, 9, score, 0, wafer=str(at) if wafer else None, abnormal=False)
        for at, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (runs(1.0, 1.0), "No problem in 2 wafers."),
        (runs(1.0), "No problem in 1 wafer."),
        (runs(1.0, NAN, NAN), "No problem in 1 wafer. Not judged: 2."),
        (runs(NAN), "No wafer could be judged."),
        (runs(NAN, wafer=False), "No row could be judged."),
        (runs(1.0, wafer=False), "No problem in 9 rows."),
        ([], "No problem in 9 rows."),
    ],
)
def test_nothing_is_called_without_a_problem_that_was_not_judged(judged: list[RunScore], said: str) -> None:
    assert " ".join(str(note) for note in headline([], judged, 9)) == said
