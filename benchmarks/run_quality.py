"""How well bad runs are ranked above good ones, by the detectors and by what a fab does without them.

Half of the normal runs, drawn by a seed, is the reference; all other runs are judged, each by one score. A detector
gives its own row score of a run (``Detection.runs``). The baselines see each run as one row, either its trace, every
sensor brought to the same number of points, or five indicators of every sensor, in units of the reference runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from manifest import LABEL
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from waferwatch.evaluate.metrics import auc_pr
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.question import Question
from waferwatch.scoring.run import detect_table

RUN, STEP = "run_id", "step"  # columns of a file of runs; ``step`` counts the rows of a run
SEEDS = (0, 1, 2)  # of the drawn half
# Columns that are no sensors, by family: in lam_etch the clock of the machine and the step of the recipe.
ROLES = {"lam_etch": {"time": "ignored", "step_number": "step"}}
EXPLAINED, LIMIT = 0.9, 0.99  # of the variance by the components; quantile that limits T2 and SPE

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Runs known to be normal, and those that are judged."""

    reference: pd.DataFrame
    judged: pd.DataFrame
    roles: dict[str, str]

    @property
    def sensors(self) -> list[str]:
        return [name for name in self.judged.columns if name not in (RUN, STEP, LABEL, *self.roles)]

    def labels(self) -> NDArray[np.bool_]:
        """(judged runs,) in order of first appearance."""
        return self.judged.groupby(RUN, sort=False)[LABEL].max().to_numpy(bool)


@dataclass(frozen=True)
class Judged:
    """What one detector made of the runs."""

    average_precision: float
    unjudged: int  # runs without a score
    model: str
    device: str


def part(frame: pd.DataFrame, family: str, seed: int) -> Parts:
    """A random half of the normal runs, and the rest."""
    bad = frame.groupby(RUN, sort=False)[LABEL].max()
    normal = bad.index[~bad.astype(bool)].to_numpy()
    drawn = np.random.default_rng(seed).permutation(normal)[: len(normal) // 2]
    known = frame[RUN].isin(drawn)
    return Parts(frame[known], frame[~known], ROLES.get(family, {}))


def judge(parts: Parts, detector: str, checkpoint: str | None = None) -> Judged:
    """Average precision over the judged runs, of a detector or of a baseline."""
    if detector in BASELINES:
        shown, judged_by = BASELINES[detector]
        reference, judged = shown(parts)
        scores = judged_by(reference, judged)
        return Judged(auc_pr(parts.labels(), scores), 0, "scikit-learn", "cpu")
    both = _table(parts, pd.concat([parts.reference, parts.judged], ignore_index=True))
    found = detect_table(both, Question(detector=detector, checkpoint=checkpoint, reference_rows=len(parts.reference)))
    by_run = {run.key[RUN]: run.row_score for run in found.runs}
    if len(by_run) < len(found.runs):
        raise ValueError("a run was cut in two, so it has no score of its own")
    scores = np.array([by_run[str(run)] for run in parts.judged[RUN].unique()])
    return Judged(auc_pr(parts.labels(), scores), int(np.isnan(scores).sum()), found.model, found.device)


def _table(parts: Parts, frame: pd.DataFrame) -> Table:
    return table_from_frame(
        frame.drop(columns=LABEL), features=parts.sensors, time=STEP, group=[RUN], roles=parts.roles
    )


def as_traces(parts: Parts) -> tuple[Floats, Floats]:
    """(runs, sensors x points) of the reference and of the judged runs, with as many points as most runs have."""
    points = int(parts.reference.groupby(RUN).size().median())

    def trace(run: pd.DataFrame) -> Floats:
        places = np.linspace(0, len(run) - 1, points)
        return np.concatenate([np.interp(places, np.arange(len(run)), run[name]) for name in parts.sensors])

    return _in_units(parts, trace)


def as_summaries(parts: Parts) -> tuple[Floats, Floats]:
    """(runs, sensors x 5): mean, spread, lowest, highest and slope of each sensor."""

    def summary(run: pd.DataFrame) -> Floats:
        values = run[parts.sensors].to_numpy(float)
        slope = np.polyfit(np.linspace(0, 1, len(values)), values, 1)[0]
        return np.concatenate([values.mean(axis=0), values.std(axis=0), values.min(axis=0), values.max(axis=0), slope])

    return _in_units(parts, summary)


def _in_units(parts: Parts, seen: Callable[[pd.DataFrame], Floats]) -> tuple[Floats, Floats]:
    """Every column less its mean over the reference runs, over its spread there; what never moved is left as it is."""
    reference, judged = (
        np.stack([seen(run) for _, run in frame.groupby(RUN, sort=False)]) for frame in (parts.reference, parts.judged)
    )
    level, spread = reference.mean(axis=0), reference.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return (reference - level) / spread, (judged - level) / spread


def _isolation_forest(reference: Floats, judged: Floats) -> Floats:
    return np.asarray(-IsolationForest(random_state=0).fit(reference).score_samples(judged))


def _components(reference: Floats, judged: Floats) -> Floats:
    """T2 over its limit plus SPE over its limit."""
    pca = PCA(EXPLAINED, svd_solver="full").fit(reference)

    def statistics(rows: Floats) -> Sequence[Floats]:
        inside = pca.transform(rows)
        outside = rows - pca.inverse_transform(inside)
        return (inside**2 / pca.explained_variance_).sum(axis=1), (outside**2).sum(axis=1)

    limits = [float(np.quantile(one, LIMIT)) for one in statistics(reference)]
    return np.asarray(np.sum([one / limit for one, limit in zip(statistics(judged), limits, strict=True)], axis=0))


def _nearest(reference: Floats, judged: Floats) -> Floats:
    distances, _ = NearestNeighbors(n_neighbors=1).fit(reference).kneighbors(judged)
    return np.asarray(distances[:, 0])


BASELINES: dict[str, tuple[Callable[[Parts], tuple[Floats, Floats]], Callable[[Floats, Floats], Floats]]] = {
    "traces_isolation_forest": (as_traces, _isolation_forest),
    "traces_pca": (as_traces, _components),
    "traces_nearest": (as_traces, _nearest),
    "summary_isolation_forest": (as_summaries, _isolation_forest),
}
