"""Every detector against every other, on labelled faults or on injected ones, and MOMENT against what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from waferwatch.evaluate.bootstrap import Interval, resampled
from waferwatch.evaluate.intervals import sign_test
from waferwatch.evaluate.verdict import (
    FEWEST_FAULTS,
    MOMENT,
    UNKNOWN,
    WITH_NETWORK,
    WITHOUT,
    DetectorVerdict,
    PairEvidence,
    decide,
)
from waferwatch.scoring.comparison.truth import LabelMeasures

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """What a detector takes, and what it raises more than another."""

    seconds: Mapping[str, float]  # detector -> seconds
    more_events: Mapping[tuple[str, str], int]  # (detector, other) -> events of which the other flags no row
    more_faults: Mapping[tuple[str, str], int | None]  # those of them that lie in a labelled fault

    def of(self, verdict: DetectorVerdict) -> DetectorVerdict:
        """The verdict with what it costs."""
        one, other = verdict.detector or "", verdict.other or ""
        mine, theirs = self.seconds.get(one), self.seconds.get(other)
        return replace(
            verdict,
            time_ratio=mine / theirs if mine is not None and theirs else None,
            more_events=self.more_events.get((one, other)),
            more_faults=self.more_faults.get((one, other)),
        )


def by_labels(measured: Mapping[str, LabelMeasures], weights: Floats) -> list[DetectorVerdict]:
    """Every ordered pair of detectors, on labelled faults.

    Args:
        weights: (draws, blocks) of the bootstrap.
    """
    return [_labelled(one, other, measured[one], measured[other], weights) for one, other in permutations(measured, 2)]


def _labelled(one: str, other: str, mine: LabelMeasures, theirs: LabelMeasures, weights: Floats) -> DetectorVerdict:
    verdict = _of_faults(one, other, _hits(mine.found.delays), _hits(theirs.found.delays))
    false = mine.found.false_of_block - theirs.found.false_of_block
    both = [
        a - b for a, b in zip(mine.found.delays, theirs.found.delays, strict=True) if a is not None and b is not None
    ]
    difference = None
    if mine.vus_pr is not None and theirs.vus_pr is not None:
        difference = Interval.of(mine.vus_pr - theirs.vus_pr, mine.vus_draws - theirs.vus_draws)
    evidence = PairEvidence(verdict.faults, verdict.only_one, verdict.only_other, difference)
    return replace(
        verdict,
        answer=decide(evidence),
        measure="vus_pr",
        value=mine.vus_pr,
        other_value=theirs.vus_pr,
        difference=None if difference is None else difference.value,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        false_difference=Interval.of(float(false.sum()), weights @ false),
        delay_difference=_delay(np.array(both, np.float64)),
    )


def _delay(differences: Floats) -> Interval | None:
    if not len(differences):
        return None
    return Interval.of(float(np.median(differences)), np.median(resampled(differences), axis=1))


def by_injected_faults(found: Mapping[str, Sequence[bool]]) -> list[DetectorVerdict]:
    """Every ordered pair of detectors, on injected faults.

    Args:
        found: of each detector, whether it found each fault; all in the same order.
    """
    hits = {name: np.asarray(one, np.bool_) for name, one in found.items()}
    return [_injected(one, other, hits[one], hits[other]) for one, other in permutations(hits, 2)]


def _injected(one: str, other: str, mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> DetectorVerdict:
    verdict = _of_faults(one, other, mine, theirs)
    if not verdict.faults:
        return verdict
    off = mine.astype(np.float64) - theirs
    interval = Interval.of(float(off.mean()), resampled(off).mean(axis=1))
    return replace(
        verdict,
        answer=decide(PairEvidence(verdict.faults, verdict.only_one, verdict.only_other)),
        measure="injected",
        value=float(mine.mean()),
        other_value=float(theirs.mean()),
        difference=float(off.mean()),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
    )


def _of_faults(one: str, other: str, mine: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> DetectorVerdict:
    only_one, only_other = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
    return replace(
        UNKNOWN,
        detector=one,
        other=other,
        faults=len(mine),
        found=int(mine.sum()),
        other_found=int(theirs.sum()),
        only_one=only_one,
        only_other=only_other,
        chance=sign_test(only_one, only_other),
    )


def _hits(delays: Sequence[int | None]) -> NDArray[np.bool_]:
    return np.array([delay is not None for delay in delays], np.bool_)


def of_moment(labelled: Sequence[DetectorVerdict], injected: Sequence[DetectorVerdict]) -> DetectorVerdict:
    """MOMENT against itself without the network, else against the best detector without it.

    Labelled faults decide where there are enough of them, else injected ones where those were tested.
    """
    chosen = _against(labelled)
    if chosen.faults < FEWEST_FAULTS:
        tested = _against(injected)
        chosen = tested if tested.faults else chosen
    return chosen


def _against(pairs: Sequence[DetectorVerdict]) -> DetectorVerdict:
    rivals = [one for one in pairs if one.detector == MOMENT and one.other not in WITH_NETWORK]
    alone = next((one for one in rivals if one.other == WITHOUT), None)
    return alone or max(rivals, key=lambda one: one.other_value or 0.0, default=UNKNOWN)


def better_than_moment(pairs: Sequence[DetectorVerdict]) -> DetectorVerdict | None:
    """The best detector without the network that does better than MOMENT, against MOMENT."""
    found = [
        one for one in pairs if one.other == MOMENT and one.detector not in WITH_NETWORK and one.answer == "better"
    ]
    return max(found, key=lambda one: one.value or 0.0, default=None)
