"""How far each point is off the normal course of its step, in spreads of what normal points are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.ndimage import uniform_filter1d

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.heads import Floats, Usual, usual
from waferwatch.detectors.step_profile import StepProfile
from waferwatch.series.steps import Steps


@dataclass(frozen=True)
class StepHead:
    """The normal course, and how far normal points are off it."""

    profile: StepProfile
    wanders: bool  # see StepProfile.residual
    smooth: int  # points of a moving average of the distance
    usual: list[Usual]  # of each sensor

    @classmethod
    def learn(
        cls, reference: Sequence[Columns], steps: Sequence[Steps], *, wanders: bool = True, smooth: int = 1
    ) -> Self | None:
        """From normal series; None when most places of their steps are visited too rarely."""
        profile = StepProfile.learn(reference, steps)
        if profile is None:
            return None
        pairs = zip(reference, steps, strict=True)
        off = [_distance(profile.residual(*pair, wanders=wanders), smooth) for pair in pairs]
        return cls(profile, wanders, smooth, [usual(np.concatenate(one)) for one in zip(*off, strict=True)])

    def beside(self, columns: Columns, steps: Steps) -> Columns:
        """What a series has beside its normal course."""
        return self.profile.residual(columns, steps, wanders=self.wanders)

    def off(self, beside: Columns) -> Floats:
        """(S, n) standardised distances of what :meth:`beside` gave."""
        distances = _distance(beside, self.smooth)
        return np.stack([one.standardise(column) for one, column in zip(self.usual, distances, strict=True)])


def _distance(beside: Columns, smooth: int) -> Floats:
    off = np.abs(beside.values)
    smoothed: Floats = off if smooth == 1 else uniform_filter1d(off, smooth, axis=1, mode="nearest")
    return smoothed
