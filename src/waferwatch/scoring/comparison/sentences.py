"""What a comparison says, in sentences: the same on the page, over HTTP, on the command line and in Python."""

from __future__ import annotations

from waferwatch.evaluate.verdict import FEWEST_DIVIDING, MOMENT, WITHOUT, DetectorVerdict
from waferwatch.read.table import Note
from waferwatch.scoring.comparison.compare import Comparison
from waferwatch.scoring.comparison.pairs import better_than_moment

DETECTORS = ("detector", "other", "better")  # places of the sentences that hold names of detectors
_NOT_RUN = Note(
    "Both gave the same result: where recipe steps are known, or the reference of several sensors is long, the "
    "network is not run, since it adds nothing there."
)
_MINUS = "\N{MINUS SIGN}"


def comparison_notes(found: Comparison) -> list[Note]:
    """The verdict on MOMENT first, then what it rests on, what MOMENT costs, and what to use."""
    verdict = found.verdict
    notes = [_head(verdict)]
    if verdict.measure is None or verdict.answer == "not_tested":
        return notes
    better = better_than_moment(found.pairs)
    return [
        *notes,
        *_rests_on(verdict),
        *_costs(verdict),
        *_advice(verdict),
        *([] if better is None or better.detector == verdict.other else [_does_better(better)]),
        Note("This holds for these data and settings, not for others."),
    ]


def _head(verdict: DetectorVerdict) -> Note:
    if verdict.answer == "unknown":
        return Note("No verdict: MOMENT and another detector must both give a result.")
    if verdict.answer == "not_tested":
        return Note(
            "MOMENT effect: not tested. This comparison was made by an older version, which measured no intervals. "
            "Compare again."
        )
    return _injected_head(verdict) if verdict.measure == "injected" else _labelled_head(verdict)


def _labelled_head(verdict: DetectorVerdict) -> Note:
    span: dict[str, object] = {name: signed(getattr(verdict, name)) for name in ("difference", "low", "high")}
    if verdict.answer == "better":
        return Note("MOMENT effect: better ({difference}, 95 %: {low} to {high})", span)
    if verdict.answer == "worse":
        return Note("MOMENT effect: worse ({difference}, 95 %: {low} to {high})", span)
    if verdict.answer == "no_difference":
        return Note("MOMENT effect: no difference shown ({difference}, 95 %: {low} to {high})", span)
    if verdict.answer == "too_few_to_tell":
        return Note("MOMENT effect: too few to tell (faults that divide them: {count})", {"count": _dividing(verdict)})
    return Note("MOMENT effect: too few faults ({count}) for a verdict", {"count": verdict.faults})


def _injected_head(verdict: DetectorVerdict) -> Note:
    names = ("difference", "low", "high")
    span: dict[str, object] = {name: whole(getattr(verdict, name), verdict.faults) for name in names}
    span["faults"] = verdict.faults
    if verdict.answer == "better":
        return Note("MOMENT effect on injected faults: better ({difference} of {faults}, 95 %: {low} to {high})", span)
    if verdict.answer == "worse":
        return Note("MOMENT effect on injected faults: worse ({difference} of {faults}, 95 %: {low} to {high})", span)
    if verdict.answer == "no_difference":
        return Note(
            "MOMENT effect on injected faults: no difference shown ({difference} of {faults}, 95 %: {low} to {high})",
            span,
        )
    if verdict.answer == "too_few_to_tell":
        return Note(
            "MOMENT effect on injected faults: too few to tell (faults that divide them: {count})",
            {"count": _dividing(verdict)},
        )
    return Note("MOMENT effect: too few injected faults ({count}) for a verdict", {"count": verdict.faults})


def _rests_on(verdict: DetectorVerdict) -> list[Note]:
    values = _names(verdict) | {
        "found": verdict.found,
        "other_found": verdict.other_found,
        "faults": verdict.faults,
        "count": _dividing(verdict),
        "chance": "–" if verdict.chance is None else f"{verdict.chance:.2g}",
    }
    if verdict.measure == "injected":
        found = Note(
            "Injected faults found: {detector} {found} of {faults}, {other} {other_found} of {faults}; found by only "
            "one of the two: {count} (sign test: p = {chance}).",
            values,
        )
    else:
        found = Note(
            "Faults found: {detector} {found} of {faults}, {other} {other_found} of {faults}; found by only one of the "
            "two: {count} (sign test: p = {chance}).",
            values,
        )
    return [found, *_vus_pr(verdict), *_same_detector(verdict)]


def _vus_pr(verdict: DetectorVerdict) -> list[Note]:
    if verdict.measure != "vus_pr" or verdict.value is None or verdict.other_value is None:
        return []
    values = {name: signed(getattr(verdict, name)) for name in ("difference", "low", "high")}
    return [
        Note(
            "VUS-PR: {detector} {value}, {other} {other_value}; difference {difference} (95 %: {low} to {high}).",
            _names(verdict) | values | {"value": f"{verdict.value:.3f}", "other_value": f"{verdict.other_value:.3f}"},
        )
    ]


def _same_detector(verdict: DetectorVerdict) -> list[Note]:
    if verdict.other == WITHOUT:
        same = Note("Compared with {other}: the same detector without the network.", _names(verdict))
        return [same, _NOT_RUN] if verdict.low == verdict.high == 0 and verdict.more_events == 0 else [same]
    return [Note("Compared with {other}: the best of the detectors without MOMENT.", _names(verdict))]


def _costs(verdict: DetectorVerdict) -> list[Note]:
    notes = []
    if verdict.more_events is not None:
        values = _names(verdict) | {"events": verdict.more_events, "true": verdict.more_faults}
        if verdict.more_faults is None:
            notes.append(Note("Events of {detector} that {other} does not raise: {events}.", values))
        else:
            notes.append(
                Note("Events of {detector} that {other} does not raise: {events}, of them faults: {true}.", values)
            )
    if verdict.time_ratio is not None:
        ratio = {"ratio": f"{verdict.time_ratio:.1f}"}
        notes.append(Note("Time of {detector}: {ratio} times that of {other}.", _names(verdict) | ratio))
    return notes


def _advice(verdict: DetectorVerdict) -> list[Note]:
    if verdict.answer == "better":
        return [Note("For these data: use {detector}.", _names(verdict))]
    if verdict.answer in ("too_few_faults", "too_few_to_tell"):
        return [
            Note(
                "Fewer than {count} faults that only one detector finds cannot show a difference. Label more faults, "
                "or test with injected faults.",
                {"count": FEWEST_DIVIDING},
            )
        ]
    if verdict.answer == "worse" or (verdict.time_ratio or 0.0) > 1:
        return [Note("For these data: use {other}.", _names(verdict))]
    return []  # neither finds more, and neither costs more


def _does_better(better: DetectorVerdict) -> Note:
    value = "–" if better.value is None else f"{better.value:.3f}"
    return Note(
        "Better than MOMENT without the network: {better} ({value}).", {"better": better.detector, "value": value}
    )


def _names(verdict: DetectorVerdict) -> dict[str, object]:
    return {"detector": verdict.detector or MOMENT, "other": verdict.other or ""}


def _dividing(verdict: DetectorVerdict) -> int:
    return verdict.only_one + verdict.only_other


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign.

    >>> signed(-0.018)
    '−0.018'
    """
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", _MINUS)


def whole(share: float | None, total: int) -> str:
    """A difference of shares as a number of cases, with its sign.

    >>> whole(0.125, 24)
    '+3'
    """
    return "–" if share is None else signed(share * total, 0)
