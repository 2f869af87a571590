"""What is known of a model without reading its files, and what a threshold policy promises by it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from waferwatch.models.alarm_counts import AlarmCounts
from waferwatch.read.table import Note
from waferwatch.scoring.model import Model
from waferwatch.scoring.thresholds.promise import Promise, alarm_threshold, promise_of
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds

_BETWEEN = "\x1f"  # the names of one scope


@dataclass(frozen=True)
class PolicyThreshold:
    """The threshold of a monitor by its policy, before any row is scored."""

    threshold: float | None  # None: it depends on the rows that are scored
    by: str  # "auto", "contamination", "false_alarms" or "hand"
    promise: Promise | None


def model_facts(model: Model) -> dict[str, Any]:
    """Plain JSON types; a threshold that is no finite number, as no database keeps it, is None."""
    alarms = model.fitted.alarms
    return {
        "detector": model.name,
        "model": model.info.name,
        "model_sha256": model.info.sha256,
        "made_by": model.made_by,
        "features": list(model.features),
        "equipment": sorted(" / ".join(key.split(_BETWEEN)) for key in model.fitted.parts if key),
        "threshold": model.fitted.threshold if math.isfinite(model.fitted.threshold) else None,
        "alarms": {
            "levels": alarms.levels.tolist(),
            "events": alarms.events.tolist(),
            "hours": alarms.hours,
            "rows": alarms.rows,
        },
        "notes": kept_notes(model.notes),
    }


def kept_notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Notes as they are kept, to be shown in any language."""
    return [{"template": note.template, "values": note.values} for note in notes]


def shown_notes(kept: Iterable[dict[str, Any]], translate: Callable[[str], str] = str) -> list[str]:
    """What ``kept_notes`` gave, in a language."""
    return [translate(note["template"]).format(**note["values"]) for note in kept]


def policy_of(thresholds: Thresholds) -> dict[str, Any]:
    """A threshold policy as it is kept: empty for the automatic threshold."""
    return {name: value for name, value in asdict(thresholds).items() if value not in (None, AUTO)}


def thresholds_of(policy: dict[str, Any]) -> Thresholds:
    """What ``policy_of`` was given; a threshold below 0, which older versions took, flags what 0 flags."""
    given = policy.get("threshold")
    return Thresholds(**policy | ({"threshold": 0.0} if isinstance(given, int | float) and given < 0 else {}))


def threshold_by_policy(about: dict[str, Any], policy: dict[str, Any]) -> PolicyThreshold:
    """The threshold of a version and what it promises.

    Args:
        about: what ``model_facts`` gave.
        policy: what ``policy_of`` gave.
    """
    wish, alarms = thresholds_of(policy), _alarms(about)
    if wish.contamination is not None:
        return PolicyThreshold(None, "contamination", None)
    if about["threshold"] is None:  # nothing golden could be scored
        return PolicyThreshold(None, "auto", None)
    if wish.false_alarms is not None and alarms.hours is not None:
        value, kept = alarm_threshold(alarms, about["threshold"], wish.false_alarms)
        return PolicyThreshold(value, "false_alarms", promise_of(alarms, value, wish.false_alarms, kept))
    if wish.threshold != AUTO:
        return PolicyThreshold(float(wish.threshold), "hand", promise_of(alarms, float(wish.threshold)))
    return PolicyThreshold(about["threshold"], "auto", promise_of(alarms, about["threshold"], wish.false_alarms))


def _alarms(about: dict[str, Any]) -> AlarmCounts:
    kept = about["alarms"]
    return AlarmCounts(np.array(kept["levels"], float), np.array(kept["events"], int), kept["hours"], kept["rows"])
