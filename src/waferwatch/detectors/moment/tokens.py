"""A view of a series through the network: its tokens, reduced to their widest directions, and its fault head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from waferwatch.detectors.columns import Columns
from waferwatch.detectors.heads import Step, keep_on
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.preparation import to_windows
from waferwatch.series.windows import Cut, stitch

WINDOWS_AT_ONCE = 128  # whose whole tokens are held together: 4 MB with the embedded checkpoint
DIRECTIONS = 24  # of the tokens that are kept

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What the network made of one series. S sensors, W windows, N patches."""

    tokens: Floats  # (S, W, N, d) reduced
    observed: NDArray[np.bool_]  # (S, W, N) patches that hold data
    fault: Floats | None  # (S, n) log-odds; None when not asked for, or the checkpoint has no such head
    where: Cut
    patch: int

    def groups(self, sensor: int, count: int, most: int) -> Groups:
        """Rows of ``count`` tokens in a row that all hold data, at most about ``most`` of them, evenly spaced."""
        tokens = self.tokens[sensor]
        rows = sliding_window_view(tokens, count, axis=1)  # (W, N - count + 1, d, count)
        there = sliding_window_view(self.observed[sensor], count, axis=1).all(axis=-1)
        first = self.where.starts[:, None] + np.arange(rows.shape[1]) * self.patch - self.where.padding
        which = np.argwhere(there)
        which = which[:: max(1, len(which) // max(most, 1))]
        chosen = rows[which[:, 0], which[:, 1]]
        centres = (first[which[:, 0], which[:, 1]] + (count * self.patch - 1) / 2).astype(np.float64)
        return Groups(chosen.reshape(len(chosen), count * tokens.shape[-1]), centres)


@dataclass(frozen=True)
class Groups:
    """Tokens in a row, as rows."""

    rows: Floats  # (m, D)
    centres: NDArray[np.float64]  # (m,) in points of the series as the network saw it


@dataclass(frozen=True)
class Lens:
    """Looks at series through the network at one view."""

    engine: Engine
    centred: bool
    fault: bool
    basis: Floats | None = None  # (D, d) directions to keep; None keeps all

    def look(self, columns: Columns, overlap: int, step: Step = keep_on) -> Seen:
        """Run the network over a series whose windows overlap by so many points."""
        config = self.engine.config
        cut = to_windows(
            columns.values.T,
            columns.measured.T,
            window=config.seq_len,
            patch=config.patch_len,
            overlap=overlap,
            centred=self.centred,
        )
        shape = cut.x.shape[:2]
        x = cut.x.reshape(-1, config.seq_len)
        observed = cut.observed.reshape(-1, config.num_patches)
        tokens, fault = self._run(x, observed, step)
        trust = np.repeat(cut.observed, config.patch_len, axis=-1)
        return Seen(
            tokens.reshape(*shape, *tokens.shape[1:]),
            cut.observed > 0,
            None if fault is None else np.ascontiguousarray(stitch(fault.reshape(cut.x.shape), cut.where, trust).T),
            cut.where,
            config.patch_len,
        )

    def _run(self, x: Floats, observed: Floats, step: Step) -> tuple[Floats, Floats | None]:
        wanted = ("tokens", "fault_logit") if self.fault and self.engine.config.fault_head else ("tokens",)
        tokens, faults = [], []
        for start in range(0, len(x), WINDOWS_AT_ONCE):
            step()
            some = slice(start, start + WINDOWS_AT_ONCE)
            found = self.engine.run(x[some], observed[some], np.ones_like(observed[some]), outputs=wanted)
            tokens.append(found["tokens"] if self.basis is None else found["tokens"] @ self.basis)
            faults.append(found.get("fault_logit"))
        known = [one for one in faults if one is not None]
        return np.concatenate(tokens), np.concatenate(known) if known else None


def widest_directions(seen: Sequence[Seen]) -> Floats:
    """The principal directions of observed tokens, (D, at most DIRECTIONS)."""
    tokens = np.concatenate([one.tokens[one.observed] for one in seen]).astype(np.float64)
    covariance = np.cov(tokens, rowvar=False) if len(tokens) > 1 else np.eye(tokens.shape[1])
    _, axes = np.linalg.eigh(np.atleast_2d(covariance))
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS].astype(np.float32))
