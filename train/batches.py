"""Batches of training windows; batch ``i`` of a seed is always the same, so that training resumes exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.corpus import clean_window
from train.faults import inject
from train.signals import log_uniform
from waferwatch.models.moment.preparation import CLIP


@dataclass(frozen=True)
class BatchRecipe:
    """How windows are made and what the network may see of them."""

    windows: int = 128
    points: int = 512
    patch_points: int = 8
    faulty_share: float = 0.65
    masked_share: float = 0.3  # windows with hidden patches
    padded_share: float = 0.08  # windows that begin with padding, as short runs do
    reference_share: float = 0.85  # series whose windows are scaled by one spread, the others' each by its own
    group: int = 4  # windows of one series, next to each other; divides ``windows``
    series_points: int = 2048

    @property
    def patches(self) -> int:
        return self.points // self.patch_points


@dataclass(frozen=True)
class Batch:
    """What the network gets and should give. B windows, T points, N patches."""

    x: NDArray[np.float32]  # (B, T) normalised, with faults
    target: NDArray[np.float32]  # (B, T) the same windows without faults, in the same units
    label: NDArray[np.float32]  # (B, T) 1 where a fault is
    observed: NDArray[np.float32]  # (B, N) 0 where padding
    visible: NDArray[np.float32]  # (B, N) 0 where hidden from the network


def make_batch(seed: int, index: int, recipe: BatchRecipe) -> Batch:
    """Batch number ``index`` of the endless stream with this seed."""
    rng = np.random.default_rng([seed, index])
    series = [clean_window(rng, recipe.series_points) for _ in range(recipe.windows // recipe.group)]
    rows: list[tuple[NDArray, ...]] = []
    for number, one in enumerate(series):
        donor = series[(number + 1) % len(series)]
        spread = _common_spread(rng, one) if rng.random() < recipe.reference_share else None
        rows += [_row(rng, one[start : start + recipe.points], donor, spread, recipe) for start in _starts(rng, recipe)]
    x, target, label, observed, visible = (np.stack(parts).astype(np.float32) for parts in zip(*rows, strict=True))
    return Batch(x, target, label, observed, visible)


def _starts(rng: np.random.Generator, recipe: BatchRecipe) -> NDArray[np.int64]:
    """Where a series' windows begin. In half of the series patches of overlapping windows coincide, so that a token
    can be found again at another place of a window; in the others they begin anywhere.
    """
    step = recipe.patch_points if rng.random() < 0.5 else 1
    return rng.integers(0, (recipe.series_points - recipe.points) // step + 1, recipe.group) * step


def _common_spread(rng: np.random.Generator, series: NDArray[np.float64]) -> float:
    """Spread of a reference in which there may be far more, or a little less, to see than in this series."""
    wider = log_uniform(rng, 0.7, 1.5) if rng.random() < 0.65 else log_uniform(rng, 1.5, 10)
    return max(float(series.std()), 1e-3) * wider


def _row(
    rng: np.random.Generator,
    window: NDArray[np.float64],
    donor: NDArray[np.float64],
    spread: float | None,
    recipe: BatchRecipe,
) -> tuple[NDArray, ...]:
    padding = int(rng.integers(1, recipe.patches - 4)) if rng.random() < recipe.padded_share else 0
    first = padding * recipe.patch_points
    faulty, label = window, np.zeros(recipe.points, bool)
    if rng.random() < recipe.faulty_share:
        faulty, label = inject(rng, window, donor[: recipe.points], first=first)
    observed = np.ones(recipe.patches)
    observed[:padding] = 0
    visible = _visible(rng, recipe) if rng.random() < recipe.masked_share else np.ones(recipe.patches)
    mean, spread = _statistics(faulty, observed, visible, spread, recipe)
    seen = np.repeat(observed, recipe.patch_points)
    x = np.clip((faulty - mean) / spread, -CLIP, CLIP) * seen
    target = np.clip((window - mean) / spread, -CLIP, CLIP) * seen
    return x, target, label & (seen > 0), observed, visible


def _visible(rng: np.random.Generator, recipe: BatchRecipe) -> NDArray[np.float64]:
    """Hide 20 to 50 % of the patches: single ones, regular blocks, or blocks at random places."""
    visible = np.ones(recipe.patches)
    share = rng.uniform(0.2, 0.5)
    block = int(rng.choice([1, 2, 4, 8]))
    if rng.random() < 0.4:
        every = 2 * block
        visible[(np.arange(recipe.patches) + int(rng.integers(every))) % every < block] = 0
        return visible
    for start in rng.choice(recipe.patches - block + 1, max(1, round(share * recipe.patches / block)), replace=False):
        visible[start : start + block] = 0
    return visible


def _statistics(
    faulty: NDArray[np.float64],
    observed: NDArray[np.float64],
    visible: NDArray[np.float64],
    spread: float | None,
    recipe: BatchRecipe,
) -> tuple[float, float]:
    """The window's own mean; the spread given, or that of what is seen, as MOMENT does."""
    shown = np.repeat(observed if spread is not None else observed * visible, recipe.patch_points) > 0
    values = faulty[shown] if shown.any() else faulty
    return float(values.mean()), max(float(values.std()), 1e-3) if spread is None else spread
