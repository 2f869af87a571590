"""One verdict per wafer: a score, whether it is abnormal, and the reason in a sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from waferwatch.read.table import Note
from waferwatch.series.steps import step_name

UP, DOWN, OTHER = "up", "down", "other"
BY_WAFER, BY_ROWS = "wafer", "rows"

# What is off -> the sentence in a step, and in a table without steps.
_BROKEN = (
    Note("{sensor} in {step}: its relation to the other sensors is broken, wafers in a row: {count}"),
    Note("{sensor}: its relation to the other sensors is broken, wafers in a row: {count}"),
)
_REASONS = {
    "_length": (
        Note("Length of {step} {change}, wafers in a row: {count}"),
        Note("Length {change}, wafers in a row: {count}"),
    ),
    "rows": (
        Note("{sensor} in {step}: its course is unlike that of normal wafers, wafers in a row: {count}"),
        Note("{sensor}: its course is unlike that of normal wafers, wafers in a row: {count}"),
    ),
    "stuck": (
        Note("{sensor} in {step} is stuck at one value, wafers in a row: {count}"),
        Note("{sensor} is stuck at one value, wafers in a row: {count}"),
    ),
    "missing": (
        Note("{sensor} in {step} is missing, wafers in a row: {count}"),
        Note("{sensor} is missing, wafers in a row: {count}"),
    ),
    "t2": _BROKEN,
    "spe": _BROKEN,
    "shape": (
        Note("{sensor} in {step}: another shape of the trace, wafers in a row: {count}"),
        Note("{sensor}: another shape of the trace, wafers in a row: {count}"),
    ),
    "bend": (
        Note("{sensor} in {step}: the trace bends slowly off its course, wafers in a row: {count}"),
        Note("{sensor}: the trace bends slowly off its course, wafers in a row: {count}"),
    ),
    "trend": (
        Note("{sensor} in {step} has drifted by {spreads} spreads, wafers in a row: {count}"),
        Note("{sensor} has drifted by {spreads} spreads, wafers in a row: {count}"),
    ),
    "mean": (
        Note("{sensor} in {step} {change}, wafers in a row: {count}"),
        Note("{sensor} {change}, wafers in a row: {count}"),
    ),
}
_OTHER = (
    Note("{sensor} in {step}: {statistic} {change}, wafers in a row: {count}"),
    Note("{sensor}: {statistic} {change}, wafers in a row: {count}"),
)


@dataclass(frozen=True, eq=False)
class RunScore:
    """One run: a pass of a wafer through a chamber; where a table has no runs, one series as a whole."""

    key: dict[str, str]  # column that names the run -> value
    start_row: int  # position of its first point in the table, from 0
    rows: int
    score: float  # on the common scale, among normal wafers; NaN when it cannot be judged
    flagged: int  # points flagged
    ratio: float = float("nan")  # the farthest deviation as a multiple of its limit: abnormal above 1
    row_score: float = float("nan")  # mean of the highest tenth of its point scores
    equipment: str | None = None
    lot: str | None = None
    wafer: str | None = None
    recipe: str | None = None
    start: str | float | None = None
    end: str | float | None = None
    gaps: int = 0  # pauses inside it; a pause between two wafers is none
    threshold: float | None = None  # wafers above it are abnormal; None where only rows were judged
    abnormal: bool = False
    judged_by: str = BY_ROWS  # "wafer": indicators and rows; "rows": rows alone
    golden: int = 0  # golden wafers of the same equipment and recipe that its limits rest on
    step: str | None = None  # where the leading deviation is
    sensor: str | None = None  # leading; "_length" for the length of the step
    statistic: str | None = None  # "rows" where no indicator is beyond its limit
    direction: str | None = None  # "up", "down" or "other"
    value: float | None = None
    usual: float | None = None  # golden median
    lower: float | None = None
    upper: float | None = None
    spreads: float | None = None  # golden spreads between value and usual
    change: float | None = None  # share of the usual value
    in_a_row: int = 0  # abnormal wafers in a row with this leading sensor, up to this one
    rules: tuple[str, ...] = ()  # hard rules broken: "stuck", "missing", "range"
    sensors: dict[str, float] = field(default_factory=dict)  # sensor -> share of the deviation, highest first
    sentence: Note | None = None

    def __eq__(self, other: object) -> bool:
        """Whether all is the same; what was not judged (NaN) equals itself."""
        return isinstance(other, RunScore) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    @property
    def judged(self) -> bool:
        """Whether anything could be said of it."""
        return not (math.isnan(self.score) and math.isnan(self.ratio))

    @property
    def reason(self) -> str:
        """The reason in English; empty for a normal wafer."""
        return "" if self.sentence is None else str(self.sentence)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        plain = {name: value for name, value in asdict(self).items() if name != "sentence"}
        plain |= {"rules": list(self.rules), "sensors": dict(self.sensors), "reason": self.reason}
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value for name, value in plain.items()
        }

    def described(self) -> dict[str, Any]:
        """All of it, so that :func:`run_of` gives it back."""
        note = self.sentence
        sentence = None if note is None else {"template": note.template, "values": dict(note.values)}
        return asdict(self) | {"rules": list(self.rules), "sentence": sentence}


def run_of(about: dict[str, Any]) -> RunScore:
    """What :meth:`RunScore.described` gave; of older versions what they kept."""
    note = about.get("sentence")
    sentence = None if note is None else Note(note["template"], note["values"])
    return RunScore(**{**about, "rules": tuple(about.get("rules", ())), "sentence": sentence})


def sentence_of(run: RunScore, in_a_row: int) -> Note | None:
    """Why a wafer is abnormal, in a row with others like it; None for a normal one."""
    if not run.abnormal or run.statistic is None:
        return None
    in_step, on_the_whole = _REASONS.get("_length" if run.sensor == "_length" else run.statistic, _OTHER)
    values: dict[str, object] = {
        "sensor": run.sensor or "",
        "step": step_name(run.step or ""),
        "statistic": run.statistic,
        "change": change_text(run),
        "count": in_a_row,
        "spreads": f"{abs(run.spreads or 0.0):.1f}",
    }
    return replace(in_step if run.step else on_the_whole, values=values)


def change_text(run: RunScore) -> str:
    """By how much a value is off: per cent where the usual one is far from zero, else in its own unit."""
    if run.change is not None:
        return f"{run.change:+.1%}" if abs(run.change) < 0.1 else f"{run.change:+.0%}"
    if run.value is None or run.usual is None:
        return ""
    return f"{run.value - run.usual:+.3g}"
