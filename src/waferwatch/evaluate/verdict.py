"""Whether MOMENT earned its keep on some data: a plain answer from what a comparison measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Answer = Literal["yes", "slightly", "tie", "no", "unknown"]

MOMENT = "moment"
WITH_NETWORK = (MOMENT, "moment_only")  # detectors that MOMENT is not held against
WITHOUT = "statistical"  # MOMENT's own detector without the network: what the network adds is the difference to it
TIE = 0.01  # differences of VUS-PR below it are no more than another cut of the data would give
CLEAR = 0.05
_LEAST_SURE = 0.05  # a difference in found faults that chance gives more often than this is no difference


@dataclass(frozen=True)
class MomentVerdict:
    """MOMENT against the best detector without it."""

    answer: Answer
    measure: Literal["vus_pr", "injected"] | None  # what the answer rests on; None where nothing could be measured
    moment: float | None  # VUS-PR, or the share of injected faults found
    other: str | None  # the detector it was held against
    other_value: float | None
    difference: float | None  # moment - other_value
    better: str | None = None  # the best detector without the network, where it does better than MOMENT
    better_value: float | None = None


UNKNOWN = MomentVerdict("unknown", None, None, None, None, None)


def by_vus_pr(values: Mapping[str, float | None]) -> MomentVerdict:
    """The verdict from labels.

    Args:
        values: VUS-PR of each detector; None where it could not be measured.
    """
    known = {name: value for name, value in values.items() if value is not None}
    other = _other(known)
    if MOMENT not in known or other is None:
        return UNKNOWN
    difference = known[MOMENT] - known[other]
    answer: Answer = "tie" if abs(difference) < TIE else "no" if difference < 0 else "yes"
    if answer == "yes" and difference < CLEAR:
        answer = "slightly"
    best = _best(known)
    beaten = known[best] - known[MOMENT] >= TIE
    better = (best, known[best]) if beaten else (None, None)
    return MomentVerdict(answer, "vus_pr", known[MOMENT], other, known[other], difference, *better)


def by_injected_faults(found: Mapping[str, Sequence[bool]]) -> MomentVerdict:
    """The verdict from injected faults: a sign test over the faults that one of the two found and the other missed.

    Args:
        found: of each detector, whether it found each fault; all in the same order.
    """
    shares = {name: sum(one) / len(one) for name, one in found.items() if len(one)}
    other = _other(shares)
    if MOMENT not in shares or other is None:
        return UNKNOWN
    difference = shares[MOMENT] - shares[other]
    answer: Answer = "tie" if _by_chance(found[MOMENT], found[other]) else "no" if difference < 0 else "yes"
    if answer == "yes" and difference < CLEAR:
        answer = "slightly"
    best = _best(shares)
    beaten = shares[best] > shares[MOMENT] and not _by_chance(found[MOMENT], found[best])
    better = (best, shares[best]) if beaten else (None, None)
    return MomentVerdict(answer, "injected", shares[MOMENT], other, shares[other], difference, *better)


def _by_chance(one: Sequence[bool], other: Sequence[bool]) -> bool:
    """Whether the faults that only one of the two found may be so uneven by chance."""
    only_one = sum(mine and not theirs for mine, theirs in zip(one, other, strict=True))
    only_other = sum(theirs and not mine for mine, theirs in zip(one, other, strict=True))
    return sign_test(only_one, only_other) >= _LEAST_SURE


def sign_test(one: int, other: int) -> float:
    """How often a fair coin falls at least as unevenly as one to other; the two-sided sign test.

    >>> sign_test(5, 0)
    0.0625
    """
    tosses = one + other
    tail = sum(math.comb(tosses, count) for count in range(min(one, other) + 1))
    return float(min(1.0, 2 * tail / 2**tosses))


def _other(values: Mapping[str, float]) -> str | None:
    """The detector that MOMENT is held against: itself without the network, else the best without it."""
    if WITHOUT in values:
        return WITHOUT
    return _best(values) if any(name not in WITH_NETWORK for name in values) else None


def _best(values: Mapping[str, float]) -> str:
    """The best detector without the network, of which there is one."""
    return max((name for name in values if name not in WITH_NETWORK), key=lambda name: values[name])
