"""The reference parted in two: rows that a detector is fitted on, and rows on which its threshold is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Scores
from waferwatch.errors import InputError
from waferwatch.series.series import Series
from waferwatch.series.split import Split

FIT_SHARE = 2 / 3  # of each scope's known-normal rows, the first
_MANY_RUNS = 6  # so many series of a scope, or more, are parted between two of them
_WEEK_NS = 7 * 86_400e9

Scope = tuple[str, ...]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Piece:
    """A stretch of known-normal rows that the detector has not learnt from."""

    scope: Scope
    series: int  # which of the series that were scored holds it
    mask: Mask  # (n,) True for its points
    weeks: NDArray[np.float64]  # (n,) how long each point of the series lasts


@dataclass(frozen=True)
class Calibration:
    """How to fit and score, so that the scores of the pieces are those of rows not seen before."""

    asked: float  # false events per equipment and week, at most
    work: Split  # fit on its reference and score all of its series; those of the table come first
    pieces: list[Piece]
    fresh: list[NDArray[np.float64]]  # for each series of the table: weeks that each point lasts, 0 where known normal


def calibrate(parts: Split, asked: float) -> Calibration:
    """Part the known-normal rows of each scope: the first two thirds to fit on, the rest to find the threshold on.

    Where a scope has many series, each a run, whole runs go to one side; else the border is a moment in time.

    Args:
        parts: with reference rows or a reference.
        asked: false events per equipment and week, at most.

    Raises:
        InputError: the table has no dates, or the known-normal rows are too few to be parted.
    """
    known = _judging(parts)
    weeks, known_weeks = row_weeks(parts.series), row_weeks(known)
    fit = _fit_masks(known)
    rest = [mask & ~mine for mask, mine in zip(map(_known, known), fit, strict=True)]
    if not any(mask.any() for mask in rest):
        raise InputError(
            "There are too few known-normal rows to find a threshold for a number of false alarms.",
            hint="Give more reference rows: some thousands for each equipment, better weeks of them.",
            field="false_alarms",
        )
    if parts.reference:
        learnt = [one.at(mask) for one, mask in zip(known, fit, strict=True) if mask.any()]
        scored = [*parts.series, *(replace(one, reference=None) for one in known)]
        work, offset = replace(parts, series=scored, reference=learnt), len(parts.series)
    else:
        marked = [replace(one, reference=mask) for one, mask in zip(known, fit, strict=True)]
        work, offset = replace(parts, series=marked), 0
    pieces = [
        Piece(one.scope, offset + number, mask, lasting)
        for number, (one, mask, lasting) in enumerate(zip(known, rest, known_weeks, strict=True))
        if mask.any()
    ]
    fresh = [np.where(_seen(one, parts.reference), 0.0, own) for one, own in zip(parts.series, weeks, strict=True)]
    return Calibration(asked, work, pieces, fresh)


def piece_scores(piece: Piece, scores: Sequence[Scores]) -> NDArray[np.float64]:
    """The scores of a piece's points."""
    points: NDArray[np.float64] = scores[piece.series].points[piece.mask]
    return points


def judged_weeks(piece: Piece, scores: Sequence[Scores]) -> float:
    """How long those of a piece's points last that could be judged."""
    return float(piece.weeks[piece.mask & ~np.isnan(scores[piece.series].points)].sum())


def row_weeks(series: Sequence[Series]) -> list[NDArray[np.float64]]:
    """How many weeks each point lasts: until the next of its series, and the last one as long as points usually do.

    Raises:
        InputError: when the points have no dates, or all the same one.
    """
    dated = all(one.time is not None and one.time.dtype.kind == "M" for one in series)
    steps = [np.diff(one.time.astype("datetime64[ns]").view(np.int64)) for one in series if one.time is not None]
    moving = np.concatenate(steps)[np.concatenate(steps) > 0] if steps and dated else np.empty(0)
    if not len(moving):
        raise InputError(
            "False alarms per week can only be counted where a time column holds dates and times.",
            hint="Name that column as time, or give the expected share of anomalies instead.",
            field="false_alarms",
        )
    usual = float(np.median(moving))
    return [np.append(step, np.median(step[step > 0]) if (step > 0).any() else usual) / _WEEK_NS for step in steps]


def _judging(parts: Split) -> list[Series]:
    """The series with known-normal points by which those of the table are judged: not other equipment's, if each
    has its own.
    """
    judged = {one.scope for one in parts.series}
    own = [one for one in parts.reference if one.scope in judged]
    return own if {one.scope for one in own} == judged else parts.reference or parts.series


def _known(one: Series) -> Mask:
    return np.zeros(len(one), np.bool_) if one.reference is None else one.reference


def _fit_masks(known: Sequence[Series]) -> list[Mask]:
    """For each series, which of its known-normal points the detector learns from."""
    by_scope: dict[Scope, list[int]] = defaultdict(list)
    starts = np.array([one.time[0] for one in known if one.time is not None])
    for number in np.argsort(starts, kind="stable").tolist():
        if _known(known[number]).any():
            by_scope[known[number].scope].append(number)
    masks = [np.zeros(len(one), np.bool_) for one in known]
    for numbers in by_scope.values():
        left = _border([int(_known(known[number]).sum()) for number in numbers])
        for number in numbers:
            mine = _known(known[number])
            masks[number] = mine & (np.cumsum(mine) <= left)
            left -= int(masks[number].sum())
    return masks


def _border(rows: Sequence[int]) -> int:
    """How many rows, of series one after the other, are fitted on."""
    border = max(1, round(FIT_SHARE * sum(rows)))
    if len(rows) < _MANY_RUNS:
        return border
    ends = np.cumsum(rows)[:-1]
    return int(ends[np.abs(ends - border).argmin()])


def _seen(one: Series, reference: Sequence[Series]) -> Mask:
    """(n,) True for points that are known to be normal, be it that the reference holds the same moment of the scope."""
    if not reference:
        return _known(one)
    moments = [other.time for other in reference if other.scope == one.scope and other.time is not None]
    if not moments or one.time is None:
        return np.zeros(len(one), np.bool_)
    seen: Mask = np.isin(one.time, np.concatenate(moments))
    return seen
