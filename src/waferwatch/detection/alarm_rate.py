"""How many events of normal rows a threshold lets through: counted where the rows show it, by their tail beyond.

The rate is that of split-conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
2005; for anomalies Laxhammar and Falkman, "Conformal prediction for distribution-independent anomaly detection in
streaming vessel data", StreamKDD 2010): of n normal peaks of which k lie above, a new one lies above with probability
(k + 1) / (n + 1), so a stretch as long as theirs is expected to hold at most k + 1 events. Ranks end at the highest
peak. Beyond it the rate follows the generalised Pareto distribution of peaks over a high level, as in Siffer, Fouque,
Termier and Largouet, "Anomaly Detection in Streams with Extreme Value Theory" (KDD 2017); but its two parameters are
averaged over their likelihood instead of put in at its maximum: of 40 peaks the shape is known to about 0.15 only, and
ten times beyond the data the best fit let through 3 to 6 times the events asked for (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import genpareto

from waferwatch.events.merge import MERGE_GAP_POINTS

MOST_PEAKS = 50  # events at the level where the tail begins, at most; of few events half are the tail
FEWEST_PEAKS = 10  # with fewer the tail is hardly known
MOST_BEYOND = 1000.0  # rates down to so small a part of one event in the rows' own time are extrapolated
_SHAPES = np.linspace(-0.5, 0.5, 21)  # from an end of the scores to infinite variance
_SCALES = np.exp(np.linspace(-1.2, 1.2, 25))  # in mean excesses

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tail:
    """How event peaks lie above a level: generalised Pareto distributions, each with its weight."""

    start: float
    shapes: Floats  # (m,)
    scales: Floats  # (m,) in units of the score
    weights: Floats  # (m,) adds up to 1

    def share_above(self, level: float) -> float:
        """The share of the peaks above ``start`` that lie above a level from there on."""
        return float((self.weights * genpareto.sf(level - self.start, self.shapes, scale=self.scales)).sum())

    def level(self, share: float) -> float:
        """The level above which so small a share of them lies."""
        if share >= 1:
            return self.start
        width = float(self.scales.max())
        while self.share_above(self.start + width) > share:
            width *= 2
        return float(brentq(lambda level: self.share_above(level) - share, self.start, self.start + width))


@dataclass(frozen=True)
class AlarmRate:
    """Events per week that a threshold lets through on rows like those that were measured."""

    levels: Floats  # (n,) ascending, from the one with most events on: what is lower only merges them
    events: NDArray[np.int64]  # (n,) most events above this level or any higher one
    weeks: float  # how long the measured rows last
    tail: Tail | None  # None where no score stands out

    @property
    def tail_events(self) -> int:
        """Events above the level where the tail begins."""
        return 0 if self.tail is None else int(self._counted(self.tail.start))

    def expected(self, threshold: float) -> float:
        """Events per week above a threshold from the lowest level on. Never rises with the threshold."""
        counted = self._counted(threshold)
        if self.tail is None or threshold < self.tail.start:
            return float((counted + 1) / self.weeks)
        return max(counted, (self.tail_events + 1) * self.tail.share_above(threshold)) / self.weeks

    def threshold(self, budget: float) -> float:
        """The lowest threshold that lets through at most so many events per week, as far as they can be told.

        No more is extrapolated than to ``MOST_BEYOND``: a smaller budget gets the threshold of that, and ``expected``
        says what it lets through. Never falls when the budget does.
        """
        allowed = max(budget * self.weeks, 1 / MOST_BEYOND)
        if self.tail is None or allowed >= self.tail_events + 1:
            return self._lowest(allowed - 1)
        # The tail is smooth. Where normal events come in kinds, such as changes of lot, the counts see what it misses.
        return max(self._lowest(allowed), self.tail.level(allowed / (self.tail_events + 1)))

    def _counted(self, threshold: float) -> int:
        return int(self.events[max(0, int(np.searchsorted(self.levels, threshold, side="right")) - 1)])

    def _lowest(self, most: float) -> float:
        fit = np.flatnonzero(self.events <= most)
        return float(self.levels[fit[0] if len(fit) else -1])


def measure_rate(pieces: Sequence[Floats], weeks: float) -> AlarmRate:
    """Measure normal rows.

    Args:
        pieces: scores of stretches without a gap, NaN = not judged; at least one is.
        weeks: how long the judged ones last, above 0.
    """
    levels, counted = _event_counts(pieces)
    first = int(np.flatnonzero(counted == counted.max())[-1])
    levels, events = levels[first:], np.maximum.accumulate(counted[first:][::-1])[::-1]
    wanted = min(MOST_PEAKS, int(events[0]) // 2)
    if wanted == 0:
        return AlarmRate(levels, events, weeks, None)
    start = float(levels[np.flatnonzero(events >= wanted)[-1]])
    return AlarmRate(levels, events, weeks, _fit(np.concatenate([_peaks(piece, start) for piece in pieces]), start))


def _event_counts(pieces: Sequence[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """Every level at which the number of events changes, ascending, and how many lie above each, merged as events are.

    A point begins an event at the levels below its own score and not below the highest of the points before it that
    are near enough to be of the same event. So all levels are counted at once.
    """
    begins, ends = [], []
    for piece in pieces:
        scores = np.where(np.isnan(piece), -np.inf, piece)
        padded = np.concatenate([np.full(MERGE_GAP_POINTS + 1, -np.inf), scores])
        before = sliding_window_view(padded, MERGE_GAP_POINTS + 1)[: len(scores)].max(axis=1)
        starting = scores > before
        begins.append(before[starting])
        ends.append(scores[starting])
    low, high = np.sort(np.concatenate(begins)), np.sort(np.concatenate(ends))
    levels = np.unique(np.concatenate([low[np.isfinite(low)], high]))
    counted = np.searchsorted(low, levels, side="right") - np.searchsorted(high, levels, side="right")
    return levels, counted.astype(np.int64)


def _peaks(piece: Floats, level: float) -> Floats:
    """The highest score of each event above a level."""
    at = np.flatnonzero(piece > level)
    if not len(at):
        return np.empty(0)
    starts = np.flatnonzero(np.append(True, np.diff(at) > MERGE_GAP_POINTS + 1))
    highest: Floats = np.maximum.reduceat(piece[at], starts)
    return highest


def _fit(peaks: Floats, start: float) -> Tail:
    """Every shape and scale of a grid, weighted by the likelihood of the peaks."""
    excess = peaks - start
    shapes, scales = (values.ravel() for values in np.meshgrid(_SHAPES, _SCALES * excess.mean(), indexing="ij"))
    likelihood = genpareto.logpdf(excess[:, None], shapes, scale=scales).sum(axis=0)
    weights = np.exp(likelihood - likelihood.max())
    return Tail(start, shapes, scales, weights / weights.sum())
