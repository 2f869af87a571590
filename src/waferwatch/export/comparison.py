"""A comparison of detectors as tables for a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from waferwatch.scoring.comparison.compare import Comparison, ComparisonRow
from waferwatch.scoring.comparison.fault_summary import FaultSummary, summarise
from waferwatch.scoring.comparison.sentences import comparison_notes

_PLAIN = ("precision", "recall", "f1", "auc_pr", "vus_pr")
_FIGURES = ("vus_low", "vus_high", "faults", "found", "found_low", "found_high", "false_events", "false_low")
_COST = ("events", "anomalies", "anomaly_ratio", "seconds", "peak_memory_bytes")


def comparison_tables(
    found: Comparison, titles: Mapping[str, str] | None = None, translate: Callable[[str], str] = str
) -> dict[str, pd.DataFrame]:
    """Sheets of a workbook, the table of detectors first.

    Args:
        titles: names of the detectors for people; by default their own names.
        translate: puts sentences into a language; by default English.
    """
    named = titles or {}
    sentences = [_filled(translate(note.template), note.values, named) for note in comparison_notes(found)]
    tables = {
        "detectors": pd.DataFrame([_row(row, named, translate) for row in found.rows]),
        "verdict": pd.DataFrame({"sentence": sentences}),
        "pairs": pd.DataFrame([_pair(asdict(pair)) for pair in found.pairs]),
        "faults": pd.DataFrame([_fault(asdict(one)) for one in found.labelled_faults]),
        "injected faults": pd.DataFrame([] if found.faults is None else map(_injected, summarise(found.faults))),
    }
    filled = {name: table for name, table in tables.items() if len(table)}
    return filled if found.rows else {"injected faults": tables["injected faults"], **filled}


def _filled(template: str, values: Mapping[str, object], titles: Mapping[str, str]) -> str:
    return template.format(**{name: titles.get(str(value), value) for name, value in values.items()})


def _row(row: ComparisonRow, titles: Mapping[str, str], translate: Callable[[str], str]) -> dict[str, Any]:
    figures = None if row.figures is None else asdict(row.figures)
    delay = (figures or {}).get("delay") or {}
    seconds = (figures or {}).get("delay_seconds") or {}
    return {
        "detector": row.detector,
        "title": titles.get(row.detector, row.detector),
        "step_normalised": row.step_normalised,
        **{name: getattr(row, name) for name in _PLAIN},
        **{name: (figures or {}).get(name) for name in (*_FIGURES, "false_high", "hours")},
        **{f"delay_{name}_points": delay.get(name) for name in ("median", "least", "most")},
        **{f"delay_{name}_seconds": seconds.get(name) for name in ("median", "least", "most")},
        **{name: getattr(row, name) for name in _COST},
        "model": row.model,
        "device": row.device,
        "failure": None if row.failure is None else row.failure.sentence(translate),
    }


def _pair(pair: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in pair.items():
        if name in ("false_difference", "delay_difference"):
            flat |= {f"{name}_{part}": (value or {}).get(part) for part in ("value", "low", "high")}
        else:
            flat[name] = value
    return flat


def _fault(fault: dict[str, Any]) -> dict[str, Any]:
    found = fault.pop("found_by")
    return fault | {f"delay of {name}": hit["delay"] for name, hit in found.items()}


def _injected(one: FaultSummary) -> dict[str, Any]:
    return {
        "detector": one.detector,
        "injected_faults": one.total.faults,
        "found": one.total.found,
        "recall": one.total.recall,
        "median_delay_points": one.total.delay,
        "false_alarms": one.false_alarms,
        **{f"recall of {kind}": found.recall for kind, found in one.kinds.items()},
    }
