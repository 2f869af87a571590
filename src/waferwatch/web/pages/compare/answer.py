"""A kept comparison as its page gets it, in the reader's language."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from waferwatch.grouping.counts import wilson
from waferwatch.scoring.comparison.compare import Comparison, ComparisonRow
from waferwatch.scoring.comparison.fault_summary import FaultSummary, summarise
from waferwatch.scoring.comparison.injection import FaultTest
from waferwatch.store.runs import Run
from waferwatch.web.figures.comparison.agreement import agreement_figure
from waferwatch.web.figures.comparison.detectors import comparison_figure
from waferwatch.web.figures.comparison.faults import delays_figure, faults_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.texts import detector_titles
from waferwatch.web.pages.compare.texts import kind_titles


def comparison_answer(run: Run, found: Comparison, translate: Translator) -> dict[str, Any]:
    """What ``GET /runs/{id}/comparison`` answers."""
    titles, kinds = detector_titles(translate), kind_titles(translate)
    summaries = [] if found.faults is None else summarise(found.faults)
    tested = [one for one in summaries if one.failure is None and one.total.faults]
    held = found.agreement
    return {
        "run": run.id,
        "kind": run.kind,
        "dataset": run.dataset,
        "options": run.options,
        "rows": [row_answer(row, translate) for row in found.rows],
        "labelled": found.labelled,
        "verdict": asdict(found.verdict),
        "agreement": asdict(held),
        "faults": None if found.faults is None else _faults(found.faults, summaries, translate),
        "figures": {
            "measures": comparison_figure(found.rows, translate) if found.rows else None,
            "agreement": agreement_figure(held, titles, translate) if len(held.detectors) > 1 else None,
            "faults": faults_figure(tested, titles, kinds, translate) if tested else None,
            "delays": delays_figure(tested, titles, kinds, translate) if tested else None,
        },
    }


def row_answer(row: ComparisonRow, translate: Translator) -> dict[str, Any]:
    """One detector's line."""
    return asdict(row) | {"failure": None if row.failure is None else row.failure.sentence(translate)}


def _faults(test: FaultTest, summaries: list[FaultSummary], translate: Translator) -> dict[str, Any]:
    return {
        **{name: getattr(test, name) for name in ("source", "rows", "rounds", "allowed", "seed")},
        "faults": len(test.faults),
        "detectors": [_tested(one, translate) for one in summaries],
    }


def _tested(one: FaultSummary, translate: Translator) -> dict[str, Any]:
    low, high = wilson(one.total.found, one.total.faults) if one.total.faults else (None, None)
    failure = None if one.failure is None else one.failure.sentence(translate)
    return asdict(one) | {"low": low, "high": high, "failure": failure}
