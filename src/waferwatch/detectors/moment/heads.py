"""What MOMENT says of every point of every sensor, before calibration.

Heads:
    fault: log-odds of the fault head, which sees the whole window.
    restore: distance to what the network draws from the context alone. Every patch is hidden at least once: plain
        reconstruction of visible patches is no more than a moving variance ("When Foundation Models are One-Liners",
        ICLR 2026).
    bank: distance of a patch's token to normal tokens.
    level: how far the local mean is from the reference's, which the network does not see (MOMENT centres its windows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.moment.bank import Bank, fill
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.preparation import Normal, Windows, prepare
from waferwatch.series.series import Series
from waferwatch.series.smoothing import moving_mean
from waferwatch.series.windows import cut, stitch

WINDOW = 512  # points, MOMENT's window
OVERLAP = 64  # points that neighbouring windows share
MASKED_PASSES = 2  # that together hide every patch once: every second one at a time
WINDOWS_AT_ONCE = 512  # windows held in memory together, and run between two reports of progress
TOKENS_AT_ONCE = 128  # windows whose tokens are held in memory together: 4 MB with the embedded checkpoint
LEVEL_POINTS = 65  # of the local mean
FINE_HEADS = frozenset({"fault", "restore", "bank"})  # at the fine time scale, that of single points

Heads = dict[str, NDArray[np.float32]]  # head -> (n, S), NaN where the sensor was not measured


@dataclass(frozen=True)
class Known:
    """What is known of normal behaviour at one time scale."""

    normal: Normal
    bank: Bank


@dataclass(frozen=True)
class Reader:
    """Runs one engine over series."""

    engine: Engine

    def fill_bank(self, reference: Sequence[Series], normal: Normal) -> Bank:
        """Normal tokens of every sensor, from series that are short enough to be held as windows together."""
        tokens, observed, sensor = [], [], []
        for group in _groups(reference):
            batch = self._batch(group, reference, normal)
            visible = np.ones_like(batch.observed)
            tokens.append(self.engine.run(batch.x, batch.observed, visible, outputs=("tokens",))["tokens"])
            observed.append(batch.observed)
            sensor.append(batch.sensor)
        return fill(np.concatenate(tokens), np.concatenate(observed), np.concatenate(sensor), reference[0].sensors)

    def read(
        self, series: Sequence[Series], known: Known, done: Callable[[int], None] = lambda _values: None
    ) -> list[Heads]:
        """The heads of each series, in order; ``done`` is told how many values were finished each time."""
        found: list[Heads] = [{"level": _level(one, known.normal)} for one in series]
        for group in _groups(series):
            batch = self._batch(group, series, known.normal)
            for part, heads in zip(group, batch.on_the_time_line(self._passes(batch, known.bank)), strict=True):
                for name, values in heads.items():
                    if name not in found[part.number]:
                        found[part.number][name] = np.full(series[part.number].values.shape, np.nan, np.float32)
                    found[part.number][name][:, part.sensors] = values
            done(sum(part.of(series).values.size for part in group))
        for one, heads in zip(series, found, strict=True):
            for values in heads.values():
                values[np.isnan(one.values)] = np.nan
        return found

    def _batch(self, group: Sequence[_Part], series: Sequence[Series], normal: Normal) -> _Batch:
        patch = self.engine.config.patch_len
        windows = [
            prepare(part.of(series), normal.of(part.sensors), window=WINDOW, patch=patch, overlap=OVERLAP)
            for part in group
        ]
        sensor = [
            np.repeat(np.arange(part.sensors.start, part.sensors.stop), one.x.shape[1])
            for part, one in zip(group, windows, strict=True)
        ]
        return _Batch(windows, np.concatenate(sensor))

    def _passes(self, batch: _Batch, bank: Bank) -> Heads:
        """Head -> (W, T): one plain pass for fault head and tokens, then the masked ones."""
        x, observed = batch.x, batch.observed
        points = x.shape[1] // observed.shape[1]
        pieces = [slice(start, start + TOKENS_AT_ONCE) for start in range(0, len(x), TOKENS_AT_ONCE)]
        plain = [self._plain_pass(x[piece], observed[piece], bank, batch.sensor[piece]) for piece in pieces]
        raw = {name: np.concatenate([heads[name] for heads in plain]) for name in plain[0]}
        restored = np.empty_like(x)
        for hidden in hidden_patches(observed.shape[1]):
            visible = np.broadcast_to(np.where(hidden, 0, 1).astype(np.float32), observed.shape)
            output = self.engine.run(x, observed, visible, outputs=("restored",))["restored"]
            shown = np.repeat(hidden, points)
            restored[:, shown] = output[:, shown]
        raw["restore"] = np.abs(x - restored)
        return raw

    def _plain_pass(
        self, x: NDArray[np.float32], observed: NDArray[np.float32], bank: Bank, sensor: NDArray[np.int64]
    ) -> Heads:
        outputs = self.engine.run(x, observed, np.ones_like(observed), outputs=("fault_logit", "tokens"))
        points = x.shape[1] // observed.shape[1]
        heads = {"bank": np.repeat(bank.distance(outputs["tokens"], sensor), points, axis=1)}
        return heads | ({"fault": outputs["fault_logit"]} if "fault_logit" in outputs else {})


def hidden_patches(patches: int) -> list[NDArray[np.bool_]]:
    """Masks, (N,) True = hidden, that together hide every patch exactly once."""
    return [np.arange(patches) % MASKED_PASSES == turn for turn in range(MASKED_PASSES)]


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


def _groups(series: Sequence[Series]) -> Iterator[list[_Part]]:
    """Parts in order, so grouped that many short runs share a batch and long ones do not fill the memory."""
    group: list[_Part] = []
    windows = 0
    for part in (part for number, one in enumerate(series) for part in _parts(number, one)):
        if group and windows + part.windows > WINDOWS_AT_ONCE:
            yield group
            group, windows = [], 0
        group.append(part)
        windows += part.windows
    if group:
        yield group


class _Batch:
    """Windows of several parts, one below the other."""

    def __init__(self, windows: Sequence[Windows], sensor: NDArray[np.int64]) -> None:
        self._windows = windows
        self.sensor = sensor  # (W,) number of the sensor in its series
        self.x = np.concatenate([one.x.reshape(-1, one.x.shape[-1]) for one in windows])  # (W, T)
        self.observed = np.concatenate([one.observed.reshape(-1, one.observed.shape[-1]) for one in windows])  # (W, N)

    def on_the_time_line(self, raw: Heads) -> list[Heads]:
        """Window values, head -> (W, T), back on each part's points, head -> (n, S)."""
        found: list[Heads] = []
        first = 0
        for one in self._windows:
            sensors, count, points = one.x.shape
            span = slice(first, first + sensors * count)
            first = span.stop
            trust = np.repeat(one.observed, points // one.observed.shape[-1], axis=-1)
            found.append(
                {name: stitch(values[span].reshape(one.x.shape), one.where, trust) for name, values in raw.items()}
            )
        return found


def _level(series: Series, normal: Normal) -> NDArray[np.float32]:
    """Distance of the local mean to the reference's level in spreads, (n, S)."""
    mean = moving_mean(series.values, LEVEL_POINTS)
    return np.abs((mean - normal.level) / normal.spread).astype(np.float32)
