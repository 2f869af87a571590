"""What /runs/{id}/groups answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.grouping.counts import MOST_GROUPS, GroupCount, count_rows, in_order
from waferwatch.grouping.crossing import Side, cross
from waferwatch.grouping.differences import Differences, compare_groups
from waferwatch.grouping.groups import Groups, group_columns, part
from waferwatch.grouping.quantiles import group_quantiles
from waferwatch.jobs.finished import ScoredRows
from waferwatch.jobs.options import check_sensor
from waferwatch.read.cells.values import to_float
from waferwatch.scoring.result import Detection
from waferwatch.series.wafer_runs import find_runs
from waferwatch.web.figures.group_boxes import SHARES, boxes_figure
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.figures.style import Figure
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.groups.schemas import GroupsQuery
from waferwatch.web.pages.groups.sentences import sentences

_MOST_DRAWN = 30  # more is no longer looked at; the table has them all


def groups_answer(one: ScoredRows, query: GroupsQuery, translate: Translator) -> dict[str, Any]:
    """
    Raises:
        NotFoundError, InputError: for a column that does not exist or is of another kind.
    """
    columns = group_columns(one.table)
    if query.sensor is not None:
        check_sensor(one.table, query.sensor, "sensor")
    by = query.by or next(iter(columns), None)
    about = {
        "run": one.finished.run.id,
        "dataset": one.finished.run.dataset,
        "columns": columns,
        "by": by,
        "second": query.second,
        "sensor": query.sensor,
        "order": query.order,
        "rows": len(one.found.flags),
        "anomalies": int(one.found.flags.sum()),
    }
    if by is None:
        nothing = translate("This data set has no column to group by.")
        empty = {"groups": [], "groups_total": 0, "drawn": 0, "unit": None, "crossing": None, "figures": None}
        return about | empty | {"sentences": [nothing]}
    groups = part(one.table, by, "by")
    second = None if query.second is None else part(one.table, query.second, "and")
    return about | _of_groups(one, groups, query, translate) | {"crossing": _crossing(groups, second, one.found)}


def _of_groups(one: ScoredRows, groups: Groups, query: GroupsQuery, translate: Translator) -> dict[str, Any]:
    sensor = None if query.sensor is None else to_float(one.table.frame[query.sensor])
    counts = count_rows(groups, one.found, sensor)
    differences = compare_groups(groups, one.found, find_runs(one.table))
    numbers = {count.value: number for number, count in enumerate(counts)}
    shown = in_order(counts, query.order)[:MOST_GROUPS]
    return {
        "groups": [asdict(count) | _compared(differences, numbers[count.value]) for count in shown],
        "groups_total": len(counts),
        "drawn": min(len(shown), _MOST_DRAWN),
        "unit": differences.unit,
        "sentences": sentences(groups.values, differences, translate),
        "figures": _figures(one, groups, [numbers[count.value] for count in shown], shown, sensor, query, translate),
    }


def _compared(differences: Differences, number: int) -> dict[str, Any]:
    one = differences.groups[number]
    return {"units": one.units, "hits": one.hits, "p_value": one.p_value, "differs": one.direction}


def _figures(
    one: ScoredRows,
    groups: Groups,
    order: Sequence[int],
    shown: Sequence[GroupCount],
    sensor: NDArray[np.float64] | None,
    query: GroupsQuery,
    translate: Translator,
) -> dict[str, Figure | None]:
    """Figures of the first groups in the order asked for."""
    drawn = list(order[:_MOST_DRAWN])
    values = [groups.values[number] for number in drawn]

    def boxes(of: NDArray[np.float64], title: str, limit: float = float("nan")) -> Figure:
        quantiles = group_quantiles(groups.codes, of, len(groups), SHARES)[drawn]
        return boxes_figure(values, quantiles, title, groups.column, translate, limit)

    return {
        "share": groups_figure(shown[:_MOST_DRAWN], groups.column, None, translate),
        "score": boxes(one.found.scores, translate("score"), one.found.threshold),
        "sensor": None if sensor is None else boxes(sensor, query.sensor or ""),
    }


def _crossing(first: Groups, second: Groups | None, found: Detection) -> dict[str, Any] | None:
    if second is None:
        return None
    crossing = cross(first, second, found.flags)
    return {
        **_side("first", crossing.first),
        **_side("second", crossing.second),
        "rows": crossing.rows.tolist(),
        "anomalies": crossing.anomalies.tolist(),
    }


def _side(name: str, side: Side) -> dict[str, Any]:
    return {name: side.values, f"{name}_others": side.others}
