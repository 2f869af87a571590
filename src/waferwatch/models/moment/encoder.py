"""A series through the network: embeddings of its patches, reduced to their widest directions, and its fault head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.models.moment.runners.engine import Engine

DIRECTIONS = 24  # of an embedding that are kept
OVERLAP = 256  # of windows of 512: less overlap cost up to 0.04 VUS-PR (docs/experiments.md)
UNEVEN = 253  # overlap of the reference's windows: they begin at all places of a patch, so that its phase is no news
CLIP = 15.0  # normalised values beyond this are clipped, as in training
WINDOWS_AT_ONCE = 64

Floats = NDArray[np.float32]
Step = Callable[[], None]


@dataclass(frozen=True)
class Embeddings:
    """What the network makes of one series. S sensors, W windows, N patches of P points."""

    tokens: Floats  # (S, W, N, d)
    observed: NDArray[np.bool_]  # (S, W, N) patches that hold data
    fault: Floats | None  # (S, n) log-odds that a point is faulty; None when not asked for
    starts: NDArray[np.int64]  # (W,) first point of each window, in points of the series; may be negative
    patch: int

    def groups(self, sensor: int, count: int, every: int = 1) -> tuple[Floats, NDArray[np.float64]]:
        """Rows of ``count`` patches in a row that all hold data, (m, D), and their centres in points, (m,).

        Args:
            every: take every second, third ... group of a window.
        """
        rows = sliding_window_view(self.tokens[sensor], count, axis=1)[:, ::every]  # (W, groups, d, count)
        there = np.asarray(sliding_window_view(self.observed[sensor], count, axis=1).all(axis=-1))[:, ::every]
        first = self.starts[:, None] + np.arange(rows.shape[1]) * (self.patch * every)
        chosen = np.ascontiguousarray(rows[there]).reshape(int(there.sum()), rows.shape[2] * rows.shape[3])
        return chosen, np.asarray(first[there] + (count * self.patch - 1) / 2, np.float64)


@dataclass(frozen=True)
class Encoder:
    """Runs series through the network."""

    engine: Engine
    basis: Floats | None = None  # (D, d) directions to keep; None keeps all
    threads: int = 1
    flat: Floats | None = None  # (N, D) what is taken off the tokens of every window; None takes nothing off

    def without_places(self) -> Encoder:
        """The same, with the tokens of a flat window taken off those of every window.

        A token also says where in its window it lies: a tenth of the variance of tokens, half of it where a sensor
        hardly moves. A short reference has each place of a window once, so that a block left out of learning would be
        unlike the others by that alone (docs/experiments.md).
        """
        return replace(self, flat=self.engine.flat_tokens)

    def embed(self, columns: Columns, step: Step, *, fault: bool = False, uneven: bool = False) -> Embeddings:
        """Every sensor of a series, in windows that begin at absolute multiples of their distance, and one at each end.

        Args:
            uneven: windows at all phases of a patch instead, for a reference that is learnt from.
        """
        window, patch = self.engine.config.seq_len, self.engine.config.patch_len
        padding = max(0, window - len(columns))
        whole = padded(columns, padding, patch) if padding else columns
        starts = _uneven(len(whole), window) if uneven else _on_grid(whole, window)
        x, observed = _cut(whole, starts, window, patch)
        tokens, log_odds = self._run(x.reshape(-1, window), observed.reshape(-1, window // patch), step, fault)
        return Embeddings(
            tokens.reshape(*observed.shape, -1),
            observed > 0,
            None if log_odds is None else _stitched(log_odds.reshape(x.shape), observed, starts)[:, padding:],
            starts - padding,
            patch,
        )

    def embed_alone(self, rows: Floats, step: Step) -> Embeddings:
        """Rows (m, L), each in a window of its own that keeps its level; L at most a window."""
        window, patch = self.engine.config.seq_len, self.engine.config.patch_len
        whole = padded(Columns(rows, np.ones(rows.shape, np.bool_)), window - rows.shape[1], patch)
        x, observed = _cut(whole, np.zeros(1, np.int64), window, patch, centred=False)
        tokens, _ = self._run(x[:, 0], observed[:, 0], step, False)
        shape = (*observed.shape, tokens.shape[-1])
        return Embeddings(tokens.reshape(shape), observed > 0, None, np.array([rows.shape[1] - window]), patch)

    def _run(self, x: Floats, observed: Floats, step: Step, fault: bool) -> tuple[Floats, Floats | None]:
        wanted = ("tokens", "fault_logit") if fault and self.engine.config.fault_head else ("tokens",)

        def run(start: int) -> tuple[Floats, Floats | None]:
            step()
            some = slice(start, start + WINDOWS_AT_ONCE)
            found = self.engine.run(x[some], observed[some], np.ones_like(observed[some]), outputs=wanted)
            return self._reduced(found["tokens"]), found.get("fault_logit")

        with ThreadPoolExecutor(max(1, self.threads)) as pool:
            found = list(pool.map(run, range(0, len(x), WINDOWS_AT_ONCE)))
        faults = [one for _, one in found if one is not None]
        return np.concatenate([one for one, _ in found]), np.concatenate(faults) if faults else None

    def _reduced(self, tokens: Floats) -> Floats:
        shape: Floats = tokens if self.flat is None else tokens - self.flat
        return shape if self.basis is None else shape @ self.basis


def widest_directions(tokens: Sequence[Floats]) -> Floats:
    """The principal directions of embeddings (m, D), as (D, at most DIRECTIONS)."""
    every = np.concatenate(tokens).astype(np.float64)
    covariance = np.cov(every, rowvar=False) if len(every) > 1 else np.eye(every.shape[1])
    _, axes = np.linalg.eigh(np.atleast_2d(covariance))
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS].astype(np.float32))


def _on_grid(columns: Columns, window: int) -> NDArray[np.int64]:
    """Starts of windows at absolute multiples of their distance, the first and the last one at the series' ends."""
    stride, last = window - OVERLAP, len(columns) - window
    return np.unique(np.concatenate([[0], np.arange(-columns.offset % stride, last, stride), [last]])).astype(np.int64)


def _uneven(points: int, window: int) -> NDArray[np.int64]:
    return np.unique(np.append(np.arange(0, points - window + 1, window - UNEVEN), points - window)).astype(np.int64)


def padded(columns: Columns, padding: int, patch: int) -> Columns:
    """A short series with points in front of it that hold no data, but for what completes its first patch."""
    held = padding % patch
    values = np.pad(columns.values, ((0, 0), (held, 0)), mode="edge")
    measured = np.pad(columns.measured, ((0, 0), (held, 0)), mode="edge")
    front = ((0, 0), (padding - held, 0))
    return Columns(np.pad(values, front), np.pad(measured, front), columns.offset - padding)


def _cut(
    wide: Columns, starts: NDArray[np.int64], window: int, patch: int, *, centred: bool = True
) -> tuple[Floats, Floats]:
    """Windows, each less its own mean if centred, (S, W, T), and which of their patches hold data, (S, W, N)."""
    x = sliding_window_view(wide.values, window, axis=1)[:, starts]
    known = sliding_window_view(wide.measured, window, axis=1)[:, starts]
    patches = known.reshape(*known.shape[:2], window // patch, patch)
    observed = (2 * patches.sum(axis=-1) >= patch).astype(np.float32)
    there = np.repeat(observed, patch, axis=-1)
    if centred:
        x = x - (x * there).sum(axis=-1, keepdims=True) / np.maximum(there.sum(axis=-1, keepdims=True), 1)
    return np.asarray(np.clip(x, -CLIP, CLIP) * there, np.float32), observed


def _stitched(windows: Floats, observed: Floats, starts: NDArray[np.int64]) -> Floats:
    """Window values (S, W, T) on the points, (S, n): where windows overlap, their middles count more."""
    length = windows.shape[-1]
    distance = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    taper = np.minimum(distance / (length // 8), 1).astype(np.float32)
    trust = np.repeat(observed, length // observed.shape[-1], axis=-1) * taper
    total = np.zeros((len(windows), int(starts[-1]) + length), np.float32)
    weight = np.zeros_like(total)
    for number, start in enumerate(starts):
        total[:, start : start + length] += windows[:, number] * trust[:, number]
        weight[:, start : start + length] += trust[:, number]
    with np.errstate(invalid="ignore"):
        return np.asarray(total / weight, np.float32)
