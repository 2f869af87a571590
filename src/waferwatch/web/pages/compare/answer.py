"""A kept comparison as its page gets it, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from waferwatch.evaluate.intervals import wilson
from waferwatch.scoring.comparison.compare import Comparison, ComparisonRow
from waferwatch.scoring.comparison.fault_summary import FaultSummary, summarise
from waferwatch.scoring.comparison.injection import FaultTest
from waferwatch.scoring.comparison.pairs import better_than_moment
from waferwatch.scoring.comparison.sentences import comparison_notes
from waferwatch.store.runs import Run
from waferwatch.web.figures.comparison.agreement import agreement_figure
from waferwatch.web.figures.comparison.detectors import comparison_figure
from waferwatch.web.figures.comparison.event_curves import event_curves_figure
from waferwatch.web.figures.comparison.faults import delays_figure, faults_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.html.texts import detector_titles, kind_titles, short_titles


def comparison_answer(run: Run, found: Comparison, translate: Translator) -> dict[str, Any]:
    """What ``GET /runs/{id}/comparison`` answers."""
    titles, kinds = detector_titles(translate), kind_titles(translate)
    short = short_titles(translate)
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
        "verdict": _verdict(found),
        "sentences": _sentences(found, short, translate),
        "titles": short,
        "pairs": [asdict(pair) for pair in found.pairs],
        "labelled_faults": [asdict(fault) for fault in found.labelled_faults],
        "resampling": None if found.resampling is None else asdict(found.resampling),
        "agreement": asdict(held),
        "faults": None if found.faults is None else _faults(found.faults, summaries, translate),
        "figures": {
            "curves": event_curves_figure(found.rows, short, translate) if found.labelled else None,
            "measures": comparison_figure(found.rows, translate) if found.rows else None,
            "agreement": agreement_figure(held, titles, translate) if len(held.detectors) > 1 else None,
            "faults": faults_figure(tested, titles, kinds, translate) if tested else None,
            "delays": delays_figure(tested, titles, kinds, translate) if tested else None,
        },
    }


def _verdict(found: Comparison) -> dict[str, Any]:
    """With the fields of before: MOMENT's value, and the best detector that does better without the network."""
    better = better_than_moment(found.pairs)
    return asdict(found.verdict) | {
        "moment": found.verdict.value,
        "better": None if better is None else better.detector,
        "better_value": None if better is None else better.value,
    }


def _sentences(found: Comparison, titles: Mapping[str, str], translate: Translator) -> list[str]:
    return [
        translate(note.template).format(**{name: titles.get(str(one), one) for name, one in note.values.items()})
        for note in comparison_notes(found)
    ]


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
