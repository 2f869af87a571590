"""Trains a network further on normal windows by MOMENT's own objective, restoring hidden patches. Needs ``torch``."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from waferwatch.models.moment.checkpoints.normal_windows import NormalSeries, NormalWindows
from waferwatch.models.moment.network import MomentNetwork, MomentOutput

LEARNING_RATE = 3e-5  # with 1e-4 detection got worse (docs/experiments.md)
WARM_UP = 20  # steps
WEIGHT_DECAY = 0.02
CLIP_NORM = 1.0
FAULT_WEIGHT = 0.3  # of what the fault head says otherwise than before, on top of the restoring error
AT_ONCE = 32  # windows a step
JUDGED_EVERY = 40  # steps between looks at the windows held out
PATIENCE = 5  # looks without a lower error before it stops
LEAST_GAIN = 0.01  # of the error; less is no gain
HELD_WINDOWS = 256
HELD_SEED = 20_240_506  # the same windows with the same patches hidden at every look
HIDDEN_SHARE = 0.3  # of the patches, as MOMENT was trained
BLOCKS = (1, 2, 4)  # patches hidden in a row

Report = Callable[[str], None]  # receives a sentence on what is being done
Mask = NDArray[np.float32]  # (B, N) 1 where the network may see a patch


@dataclass(frozen=True)
class TuningResult:
    """How a tuning went. Errors are those of hidden patches of windows held out, in spreads of the reference."""

    error_before: float
    error_after: float  # of the weights that the network was left with
    steps: int
    best_step: int  # whose weights it was left with; 0: those it had
    seconds: float
    timed_out: bool  # else it stopped because the error no longer fell

    @property
    def helped(self) -> bool:
        """Whether the error is lower by more than nothing."""
        return self.best_step > 0 and self.error_after <= (1 - LEAST_GAIN) * self.error_before

    @property
    def windows(self) -> int:
        """How many the weights that are left have seen, some of them more than once."""
        return self.best_step * AT_ONCE


class Judge:
    """The error on windows held out, always the same ones with the same patches hidden."""

    def __init__(self, held: NormalSeries) -> None:
        rng = np.random.default_rng(HELD_SEED)
        self._windows = held.draw(rng, HELD_WINDOWS)
        self._visible = hide(self._windows.observed, rng)

    @torch.no_grad()
    def error(self, model: MomentNetwork) -> float:
        """Mean over the windows."""
        model.eval()
        total = 0.0
        for start in range(0, HELD_WINDOWS, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            some = NormalWindows(self._windows.x[part], self._windows.observed[part])
            total += len(some) * restoring_error(model, some, self._visible[part]).item()
        model.train()
        return total / HELD_WINDOWS


def tune(
    model: MomentNetwork, learnt: NormalSeries, held: NormalSeries, *, seconds: float, seed: int, report: Report
) -> TuningResult:
    """Train until the error on the windows held out no longer falls, or the time is over. The fault head stays.

    Args:
        model: left with the weights of the lowest error. They are the same for the same seed on one thread of the same
            processor, unless the time ran out.
        learnt, held: series to learn from and to measure by.
        seconds: when to stop at the latest, but for a last look at the windows held out.
        seed: of the windows drawn and the patches hidden.
        report: called with the error at every look.
    """
    started = time.monotonic()
    learned = [value for name, value in model.named_parameters() if not name.startswith("fault_head.")]
    optimizer = torch.optim.AdamW(learned, lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY)
    unchanged = copy.deepcopy(model) if model.fault_head is not None else None
    rng, judge = np.random.default_rng(seed), Judge(held)
    before = best = judge.error(model)
    report(f"Error of hidden patches in {HELD_WINDOWS} windows held out: {before:.4f} before.")
    kept, step, best_step, timed_out = _copy(model), 0, 0, False
    while not timed_out and step < best_step + PATIENCE * JUDGED_EVERY:
        step += 1
        windows = learnt.draw(rng, AT_ONCE)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, step / WARM_UP)
        optimizer.zero_grad(set_to_none=True)
        _loss(model, unchanged, windows, hide(windows.observed, rng)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(learned, CLIP_NORM)
        optimizer.step()
        timed_out = time.monotonic() - started >= seconds
        if step % JUDGED_EVERY and not timed_out:
            continue
        error = judge.error(model)
        report(f"{error:.4f} after step {step:,}, {time.monotonic() - started:.0f} s")
        if error < best:
            kept, best, best_step = _copy(model), error, step
    model.load_state_dict(kept)
    model.eval()
    return TuningResult(before, best, step, best_step, time.monotonic() - started, timed_out)


def hide(observed: Mask, rng: np.random.Generator) -> Mask:
    """Hide about the same share of each window's patches, in blocks, and at least one that holds data.

    Args:
        observed: (B, N) 1 where a patch holds data; at least one in every window.
        rng: chooses.
    """
    visible = np.ones_like(observed)
    patches = observed.shape[1]
    for row, there in zip(visible, observed, strict=True):
        block = int(rng.choice(BLOCKS))
        hidden = np.repeat(rng.random(patches // block + 2) < HIDDEN_SHARE, block)
        first = int(rng.integers(block))
        row[hidden[first : first + patches]] = 0
        row[rng.choice(np.flatnonzero(there))] = 0
    return visible


def restoring_error(model: MomentNetwork, windows: NormalWindows, visible: Mask) -> Tensor:
    """Mean error over the points of hidden patches: squared while small, then absolute, as in training."""
    x, observed, shown = _tensors(model, windows, visible)
    return _restoring(model, model(x, observed, shown), x, observed * (1 - shown))


def _loss(model: MomentNetwork, unchanged: MomentNetwork | None, windows: NormalWindows, visible: Mask) -> Tensor:
    """The restoring error, and what the fault head now says otherwise: its inputs move although it stays."""
    x, observed, shown = _tensors(model, windows, visible)
    output = model(x, observed, shown)
    restoring = _restoring(model, output, x, observed * (1 - shown))
    if unchanged is None or output.fault_logit is None:
        return restoring
    with torch.no_grad():
        said = unchanged(x, observed, shown).fault_logit
    there = observed.repeat_interleave(model.config.patch_len, 1)
    moved: Tensor = ((output.fault_logit - said).square() * there).sum() / there.sum()
    return restoring + FAULT_WEIGHT * moved


def _restoring(model: MomentNetwork, output: MomentOutput, x: Tensor, hidden: Tensor) -> Tensor:
    error = F.smooth_l1_loss(output.restored, x, reduction="none", beta=0.5)
    weight = hidden.repeat_interleave(model.config.patch_len, 1)
    mean: Tensor = (error * weight).sum() / weight.sum()
    return mean


def _tensors(model: MomentNetwork, windows: NormalWindows, visible: Mask) -> tuple[Tensor, Tensor, Tensor]:
    device = next(model.parameters()).device
    x, observed, shown = (torch.from_numpy(part).to(device) for part in (windows.x, windows.observed, visible))
    return x, observed, shown


def _copy(model: MomentNetwork) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
