"""What the network says of every point of every sensor, before calibration.

Heads:
    fault: log-odds of the fault head, which sees the whole window.
    restore: distance to what the network draws from the context alone. Every patch is hidden at least once: plain
        reconstruction of visible patches is no more than a moving variance ("When Foundation Models are One-Liners",
        ICLR 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.detect.moment.engine import Engine
from waferwatch.detect.moment.preparation import Normal, Windows, prepare
from waferwatch.series.series import Series
from waferwatch.series.windows import cut, stitch

WINDOW = 512  # points, MOMENT's window
OVERLAP = 64  # points that neighbouring windows share
HIDDEN_BLOCK = 2  # patches hidden side by side
HIDDEN_EVERY = 2  # of so many blocks one is hidden at a time, so that many masked passes hide each patch once
WINDOWS_AT_ONCE = 4096  # windows held in memory and given to the engine together

Heads = dict[str, NDArray[np.float32]]  # head -> (n, S), NaN where the sensor was not measured


@dataclass(frozen=True)
class Reader:
    """Runs one engine over series."""

    engine: Engine

    @property
    def names(self) -> tuple[str, ...]:
        """Heads that this checkpoint has."""
        return ("fault", "restore") if self.engine.config.fault_head else ("restore",)

    def read(
        self, series: Sequence[Series], normal: Normal, done: Callable[[int], None] = lambda _values: None
    ) -> list[Heads]:
        """The heads of each series, in order; ``done`` is told how many values were finished each time."""
        found = [{name: np.full(one.values.shape, np.nan, np.float32) for name in self.names} for one in series]
        for group in _together([part for number, one in enumerate(series) for part in _parts(number, one)]):
            windows = [self._prepare(part.of(series), normal.of(part.sensors)) for part in group]
            x = np.concatenate([one.x.reshape(-1, one.x.shape[-1]) for one in windows])
            observed = np.concatenate([one.observed.reshape(-1, one.observed.shape[-1]) for one in windows])
            for part, heads in zip(group, _on_the_time_line(windows, self._passes(x, observed)), strict=True):
                for name, values in heads.items():
                    found[part.number][name][:, part.sensors] = values
            done(sum(part.of(series).values.size for part in group))
        for one, heads in zip(series, found, strict=True):
            for values in heads.values():
                values[np.isnan(one.values)] = np.nan
        return found

    def _prepare(self, series: Series, normal: Normal) -> Windows:
        config = self.engine.config
        return prepare(series, normal, window=WINDOW, patch=config.patch_len, overlap=OVERLAP)

    def _passes(self, x: NDArray[np.float32], observed: NDArray[np.float32]) -> Heads:
        """(W, T) windows -> head -> (W, T): one plain pass for the fault head, then the masked ones."""
        raw: Heads = {}
        if "fault" in self.names:
            plain = self.engine.run(x, observed, np.ones_like(observed), outputs=("fault_logit",))
            raw["fault"] = plain["fault_logit"]
        restored = np.empty_like(x)
        for hidden in hidden_patches(observed.shape[1]):
            visible = np.broadcast_to(np.where(hidden, 0, 1).astype(np.float32), observed.shape)
            output = self.engine.run(x, observed, visible, outputs=("restored",))["restored"]
            points = np.repeat(hidden, x.shape[1] // observed.shape[1])
            restored[:, points] = output[:, points]
        raw["restore"] = np.abs(x - restored)
        return raw


def hidden_patches(patches: int) -> list[NDArray[np.bool_]]:
    """Masks, (N,) True = hidden, that together hide every patch exactly once."""
    block = np.arange(patches) // HIDDEN_BLOCK
    return [block % HIDDEN_EVERY == turn for turn in range(HIDDEN_EVERY)]


@dataclass(frozen=True)
class _Part:
    """Some sensors of one series: the most that is held as windows at a time."""

    number: int  # of the series in the list
    sensors: slice
    windows: int

    def of(self, series: Sequence[Series]) -> Series:
        one = series[self.number]
        return replace(one, values=one.values[:, self.sensors])


def _parts(number: int, series: Series) -> list[_Part]:
    """Blocks of sensors whose windows fit into one batch; a single sensor is never parted."""
    each = len(cut(len(series), WINDOW, OVERLAP).starts)
    block = max(1, WINDOWS_AT_ONCE // each)
    bounds = range(0, series.sensors, block)
    return [
        _Part(number, slice(first, min(first + block, series.sensors)), each * min(block, series.sensors - first))
        for first in bounds
    ]


def _together(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Group parts in order so that many short runs share a batch and long ones do not fill the memory."""
    group: list[_Part] = []
    for part in parts:
        if group and sum(one.windows for one in group) + part.windows > WINDOWS_AT_ONCE:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _on_the_time_line(windows: Sequence[Windows], raw: Heads) -> list[Heads]:
    """Window values of several parts, one below the other, back on each part's points."""
    found: list[Heads] = []
    first = 0
    for one in windows:
        sensors, count, points = one.x.shape
        span = slice(first, first + sensors * count)
        first = span.stop
        trust = np.repeat(one.observed, points // one.observed.shape[-1], axis=-1)
        found.append(
            {name: stitch(values[span].reshape(one.x.shape), one.where, trust) for name, values in raw.items()}
        )
    return found
