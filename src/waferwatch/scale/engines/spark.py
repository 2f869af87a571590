"""Rows of a Spark data frame scored by a saved model: a function for ``DataFrame.mapInArrow``.

Spark is not imported here: the function works on Arrow's record batches, wherever they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pyarrow as pa

from waferwatch.scoring.model import Model, load

SCORE, FLAG = "anomaly_score", "is_anomaly"
Batches = Iterator[pa.RecordBatch]

_loaded = cache(load)  # once a worker of Spark


def scorer(folder: str) -> Callable[[Batches], Batches]:
    """Score partitions by the model in ``folder``, which every worker must be able to read.

    A partition must hold all rows of its equipment, in any order, such as after ``repartition("equipment")``, and must
    fit into a worker's memory. Rows come back in their order with two more columns: ``anomaly_score`` (double, null
    where a row cannot be judged) and ``is_anomaly`` (boolean, by the model's automatic threshold).

    Raises:
        InputError, NotFoundError: on the worker, where the rows lack what the model needs.
    """

    def score(batches: Batches) -> Batches:
        rows = list(batches)
        if sum(len(batch) for batch in rows):
            yield from _scored(_loaded(folder), pa.Table.from_batches(rows)).to_batches()

    return score


def _scored(model: Model, rows: pa.Table) -> pa.Table:
    found = model.detect(rows.to_pandas())
    scores = pa.array(found.scores, pa.float64(), from_pandas=True)
    return rows.append_column(SCORE, scores).append_column(FLAG, pa.array(found.flags))
