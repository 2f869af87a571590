"""Whether one detector does better than another on some data: a plain answer that says "not shown" where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from waferwatch.evaluate.bootstrap import Interval
from waferwatch.evaluate.intervals import sign_test

Answer = Literal["better", "worse", "no_difference", "too_few_to_tell", "too_few_faults", "unknown", "not_tested"]
Measure = Literal["vus_pr", "injected"]

MOMENT = "moment"
WITH_NETWORK = (MOMENT, "moment_only")  # detectors that MOMENT is not compared with
WITHOUT = "statistical"  # MOMENT's own detector without the network: what the network adds is the difference to it
LEAST_VUS_PR = 0.02  # smaller differences do not count, however sure they are
LEAST_FAULTS = 1 / 20  # of the faults
FEWEST_FAULTS = 10  # fewer in all say nothing
FEWEST_DIVIDING = 6  # faults that only one of two finds: with fewer the sign test can never be significant
CHANCE = 0.05


@dataclass(frozen=True)
class PairEvidence:
    """What two detectors showed on the same faults."""

    faults: int
    only_one: int  # faults that the first finds and the other misses
    only_other: int
    vus_pr: Interval | None = None  # first - other; None where only found faults count


@dataclass(frozen=True)
class DetectorVerdict:
    """One detector against another."""

    answer: Answer
    measure: Measure | None  # what the answer rests on; None where nothing could be measured
    detector: str | None = None
    other: str | None = None
    value: float | None = None  # VUS-PR, or the share of injected faults found
    other_value: float | None = None
    difference: float | None = None  # value - other_value
    low: float | None = None  # its 95 % interval
    high: float | None = None
    faults: int = 0
    found: int | None = None
    other_found: int | None = None
    only_one: int = 0  # faults that only the detector finds
    only_other: int = 0
    chance: float | None = None  # how often chance divides the faults at least as unevenly (sign test)
    false_difference: Interval | None = None  # of the numbers of false events
    delay_difference: Interval | None = None  # of the delays in points, over the faults that both find
    time_ratio: float | None = None  # seconds of the detector / seconds of the other
    more_events: int | None = None  # events of which the other flags no row
    more_faults: int | None = None  # those of them that lie in a labelled fault; None without labels


UNKNOWN = DetectorVerdict("unknown", None)


def decide(evidence: PairEvidence) -> Answer:
    """The answer for the first of two detectors.

    "better" and "worse" need a sure difference that counts, in VUS-PR or in the faults found, and none the other way.
    """
    if evidence.faults == 0:
        return "unknown"
    if evidence.faults < FEWEST_FAULTS:
        return "too_few_faults"
    shown = {_by_vus_pr(evidence.vus_pr), _by_faults(evidence)}
    if 1 in shown and -1 not in shown:
        return "better"
    if -1 in shown and 1 not in shown:
        return "worse"
    dividing = evidence.only_one + evidence.only_other
    if shown == {0} and 0 < dividing < FEWEST_DIVIDING and not _surely_small(evidence.vus_pr):
        return "too_few_to_tell"
    return "no_difference"


def _by_vus_pr(difference: Interval | None) -> int:
    """1, 0 or -1: which way a sure difference that counts goes."""
    if difference is None or not difference.excludes_zero or abs(difference.value) < LEAST_VUS_PR:
        return 0
    return 1 if difference.value > 0 else -1


def _by_faults(evidence: PairEvidence) -> int:
    difference = evidence.only_one - evidence.only_other
    if abs(difference) < LEAST_FAULTS * evidence.faults:
        return 0
    if sign_test(evidence.only_one, evidence.only_other) >= CHANCE:
        return 0
    return 1 if difference > 0 else -1


def _surely_small(difference: Interval | None) -> bool:
    return difference is not None and difference.low > -LEAST_VUS_PR and difference.high < LEAST_VUS_PR
