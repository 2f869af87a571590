"""How much detectors agree, as a heat map."""

from __future__ import annotations

from collections.abc import Mapping

from waferwatch.scoring.comparison.agreement import Agreement
from waferwatch.web.figures.matrix import Matrix, matrix_figure
from waferwatch.web.figures.style import Figure
from waferwatch.web.html.language import Translator


def agreement_figure(found: Agreement, titles: Mapping[str, str], translate: Translator) -> Figure:
    """The share of rows flagged by either of two detectors that both flag."""
    names = [titles.get(name, name) for name in found.detectors]
    hover = [
        [f"{one}<br>{other}<br>{translate('Events missed')}: {found.missed[a][b]:,}" for b, other in enumerate(names)]
        for a, one in enumerate(names)
    ]
    return matrix_figure(
        Matrix(
            names,
            names,
            found.jaccard,
            texts=[[_percent(value) for value in row] for row in found.jaccard],
            hover=hover,
        ),
        highest=1.0,
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
