"""The injected-fault test as heat maps: which detector finds which kind of fault, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from waferwatch.scoring.comparison.fault_summary import FaultsFound, FaultSummary
from waferwatch.web.figures.matrix import Matrix, matrix_figure
from waferwatch.web.figures.style import Figure
from waferwatch.web.html.language import Translator


def faults_figure(
    tested: Sequence[FaultSummary], titles: Mapping[str, str], kinds: Mapping[str, str], translate: Translator
) -> Figure:
    """Share of the faults of each kind that each detector found; all kinds together in the first column."""
    matrix = _matrix(tested, titles, kinds, translate, lambda found: found.recall, "{:.0%}")
    return matrix_figure(matrix, highest=1.0)


def delays_figure(
    tested: Sequence[FaultSummary], titles: Mapping[str, str], kinds: Mapping[str, str], translate: Translator
) -> Figure:
    """Median delay of the faults found, in points; dark is soon."""
    matrix = _matrix(tested, titles, kinds, translate, lambda found: found.delay, "{:.3g}")
    return matrix_figure(matrix, highest=None, dark_is_less=True)


def _matrix(
    tested: Sequence[FaultSummary],
    titles: Mapping[str, str],
    kinds: Mapping[str, str],
    translate: Translator,
    value: Callable[[FaultsFound], float | None],
    form: str,
) -> Matrix:
    rows = [titles.get(one.detector, one.detector) for one in tested]
    columns = [translate("All kinds"), *(kinds.get(kind, kind) for kind in tested[0].kinds)]
    cells = [[one.total, *one.kinds.values()] for one in tested]
    values = [[value(found) for found in row] for row in cells]
    return Matrix(
        rows=rows,
        columns=columns,
        values=values,
        texts=[["–" if one is None else form.format(one) for one in row] for row in values],
        hover=[
            [f"{name}<br>{column}: {found.found} / {found.faults}" for column, found in zip(columns, row, strict=True)]
            for name, row in zip(rows, cells, strict=True)
        ],
    )
