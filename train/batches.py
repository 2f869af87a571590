"""Batches of training windows; batch ``i`` of a seed is always the same, so that training resumes exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.corpus import clean_window, log_uniform
from train.faults import inject
from waferwatch.detectors.moment.preparation import CLIP


@dataclass(frozen=True)
class BatchRecipe:
    """How windows are made and what the network may see of them."""

    windows: int = 128
    points: int = 512
    patch_points: int = 8
    faulty_share: float = 0.65
    masked_share: float = 0.5  # windows with hidden patches
    padded_share: float = 0.12  # windows that begin with padding, as short runs do
    reference_share: float = 0.7  # windows scaled by a reference's spread, the others by their own

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
    clean = [clean_window(rng, recipe.points) for _ in range(recipe.windows)]
    rows = [_row(rng, clean, number, recipe) for number in range(recipe.windows)]
    x, target, label, observed, visible = (np.stack(parts).astype(np.float32) for parts in zip(*rows, strict=True))
    return Batch(x, target, label, observed, visible)


def _row(
    rng: np.random.Generator, clean: list[NDArray[np.float64]], number: int, recipe: BatchRecipe
) -> tuple[NDArray, ...]:
    window = clean[number]
    padding = int(rng.integers(1, recipe.patches - 4)) if rng.random() < recipe.padded_share else 0
    first = padding * recipe.patch_points
    faulty, label = window, np.zeros(recipe.points, bool)
    if rng.random() < recipe.faulty_share:
        donor = clean[(number + 1) % len(clean)]
        faulty, label = inject(rng, window, donor, first=first)
    observed = np.ones(recipe.patches)
    observed[:padding] = 0
    visible = _visible(rng, recipe) if rng.random() < recipe.masked_share else np.ones(recipe.patches)
    mean, spread = _statistics(rng, window, faulty, observed, visible, recipe)
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
    rng: np.random.Generator,
    window: NDArray[np.float64],
    faulty: NDArray[np.float64],
    observed: NDArray[np.float64],
    visible: NDArray[np.float64],
    recipe: BatchRecipe,
) -> tuple[float, float]:
    """Mean of what is seen; spread of the same, as MOMENT does, or of a reference, in which there may be far more to
    see than in this window.
    """
    by_reference = rng.random() < recipe.reference_share
    shown = np.repeat(observed if by_reference else observed * visible, recipe.patch_points) > 0
    values = faulty[shown] if shown.any() else faulty
    if by_reference:
        wider = log_uniform(rng, 0.7, 1.5) if rng.random() < 0.5 else log_uniform(rng, 1.5, 10)
        return float(values.mean()), max(window.std(), 1e-3) * wider
    return float(values.mean()), max(float(values.std()), 1e-3)
