"""A version of a monitor, learnt from a golden set."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.contract import Progress, no_progress
from waferwatch.models.fitted import hash_of, key_of
from waferwatch.models.levels import UsualLevels
from waferwatch.monitors.early import learn_early
from waferwatch.monitors.golden.coverage import Carried, Coverage, carried, coverage
from waferwatch.monitors.golden.golden_set import Golden, Reason, left_out_of
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.scoring.run import fit_table
from waferwatch.scoring.thresholds.promise import Promise, check_alarms, promise_of
from waferwatch.series.series import Series
from waferwatch.series.split import split


@dataclass(frozen=True)
class LearntVersion:
    """What learning from a golden set gives."""

    model: Model
    golden: Golden  # its left_out names the runs that are unlike the others too
    coverage: tuple[Coverage, ...]
    promise: Promise  # at the automatic threshold
    carried: Carried

    def about(self) -> dict[str, Any]:
        """A description in plain JSON types."""
        model = self.model
        return {
            "golden": self.golden.about(),
            "coverage": [one.to_dict() for one in self.coverage],
            "promise": asdict(self.promise),
            "carried": self.carried.to_dict(),
            "detector": model.name,
            "checkpoint": model.info.name,
            "checkpoint_sha256": model.info.sha256,
            "features": list(model.features),
            "threshold": model.fitted.threshold if math.isfinite(model.fitted.threshold) else None,
            "digest": model.digest,
            "notes": [str(note) for note in model.notes],
        }


def learn(
    golden: Golden,
    *,
    table: Table | None = None,
    detector: str = "moment",
    checkpoint: str | None = None,
    device: str | None = None,
    false_alarms: float | None = None,
    progress: Progress = no_progress,
) -> LearntVersion:
    """Learn a model from a golden set, with the usual level of each sensor for drift and rebase.

    Args:
        table: the data that the monitor is to watch; None: the golden set. It says which recipes were never seen.
        detector, checkpoint, device, progress: as for :func:`waferwatch.scoring.run.fit_table`.
        false_alarms: asked for, per equipment and week; says how many hours are missing to carry it.

    Raises:
        InputError, NotFoundError, ModelError: as ``fit_table``.
    """
    if false_alarms is not None:
        check_alarms(false_alarms)
    model = fit_table(
        golden.table,
        detector=detector,
        checkpoint=checkpoint,
        vouched=golden.vouched,
        device=device,
        progress=progress,
    )
    kept, aside = _learnt_from(model, golden.table)
    model = replace(
        model,
        levels={scope: UsualLevels.learn(series, model.fitted.decades) for scope, series in kept.items()},
        early=learn_early(model, [one for series in kept.values() for one in series]),
    )
    unlike = [left for one in aside for left in left_out_of(golden.table, _rows_of(one, golden), Reason.UNLIKE)]
    golden = replace(golden, left_out=(*golden.left_out, *unlike))
    promise = promise_of(model.fitted.alarms, model.fitted.threshold)
    covered = coverage(golden.table if table is None else table, golden)
    return LearntVersion(model, golden, covered, promise, carried(promise, false_alarms))


def normal_of(model: Model, table: Table) -> list[Series]:
    """The series of a golden set that a model was learnt from."""
    return [one for series in _learnt_from(model, table)[0].values() for one in series]


def _learnt_from(model: Model, table: Table) -> tuple[dict[str, list[Series]], list[Series]]:
    """Scope -> series that were learnt from, and those that were set aside as unlike the others."""
    parts = split(table, layout=model.layout)
    aside = {(piece.scope, piece.sha256) for piece in model.fitted.reference if piece.set_aside}
    kept: dict[str, list[Series]] = {}
    left: list[Series] = []
    for one in parts.series:
        scope = key_of(one.scope)
        if (scope, hash_of(one.values)) in aside:
            left.append(one)
        else:
            kept.setdefault(scope, []).append(one)
    return kept, left


def _rows_of(series: Series, golden: Golden) -> NDArray[np.bool_]:
    found = np.zeros(golden.rows, np.bool_)
    found[series.rows] = True
    return found
