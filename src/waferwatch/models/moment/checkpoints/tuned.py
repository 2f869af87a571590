"""A checkpoint tuned on known-normal series, kept with the imported ones only if it is better. Needs ``torch``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.errors import InputError
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.adding import add_checkpoint, check_free
from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint
from waferwatch.models.moment.checkpoints.export import export_checkpoint, require_torch
from waferwatch.models.moment.checkpoints.normal_windows import normal_series
from waferwatch.models.moment.runners.engine import takes_gpu
from waferwatch.series.series import Series
from waferwatch.settings import current_settings

if TYPE_CHECKING:
    from waferwatch.models.moment.checkpoints.tuning import TuningResult

MOST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Wish:
    """What checkpoint is to be made.

    Raises:
        MissingExtraError: when the extra ``torch`` is not installed.
        InputError: when the name is taken or cannot be a name, or a number is out of range.
    """

    name: str
    start: str | None = None  # the checkpoint to begin with; None: the embedded one
    minutes: float = 5.0
    seed: int = 0
    replace: bool = False

    def __post_init__(self) -> None:
        require_torch()
        check_free(self.name, self.replace)
        if not 0 < self.minutes <= MOST_MINUTES:  # also when it is NaN
            raise InputError(
                "A tuning cannot last {found} minutes.",
                hint="Give a number above 0 and at most {most}, such as 5.",
                field="minutes",
                found=self.minutes,
                most=MOST_MINUTES,
            )
        if self.seed < 0:
            raise InputError("The seed is {found}; it must be 0 or more.", field="seed", found=self.seed)


@dataclass(frozen=True)
class Tuned:
    """What came of a tuning."""

    start: Checkpoint
    made: Checkpoint | None  # None: it was not better on the windows held out, so it was not kept
    course: TuningResult


def tune_checkpoint(
    wish: Wish, scopes: Sequence[Sequence[Series]], *, files: Sequence[str], report: Callable[[str], None]
) -> Tuned:
    """Train a checkpoint further and keep it if it restores hidden patches of windows held out better.

    Args:
        wish: which one, and how long.
        scopes: the known-normal series of each scope.
        files: names of the files that hold them, for the card.
        report: called with what is being done.

    Raises:
        NotFoundError: when there is no checkpoint to begin with.
        InputError: when the series are too short, or another checkpoint is being added.
        ModelError: when a checkpoint cannot be read or written, or the GPU that the settings ask for cannot be had.
    """
    import torch

    from waferwatch.models.moment.checkpoints.tuning import tune
    from waferwatch.models.moment.runners.torch_runner import load_network

    settings = current_settings()
    start = checkpoints.find(wish.start)
    learnt, held = normal_series(scopes, start.config)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    model = load_network(start).to("cuda" if takes_gpu(start, settings.device) else "cpu")
    course = tune(model, learnt, held, seconds=60 * wish.minutes, seed=wish.seed, report=report)
    if not course.helped:
        return Tuned(start, None, course)

    def make(folder: Path) -> None:
        card = _card(start, wish, course, files)
        export_checkpoint(model, folder, name=wish.name, card=card, source=f"tuned from {start.name}")

    return Tuned(start, add_checkpoint(wish.name, wish.replace, make), course)


def _card(start: Checkpoint, wish: Wish, course: TuningResult, files: Sequence[str]) -> dict[str, Any]:
    """What is recorded of the training: nothing of the data but the names of the files."""
    return {
        "tuned_from": start.name,
        "tuned_from_sha256": start.sha256,
        "objective": "restore hidden patches of known-normal windows; the fault head was left as it was",
        "files": [Path(file).name for file in files],
        "windows_seen": course.windows,
        "steps": course.best_step,
        "error_before": round(course.error_before, 5),
        "error_after": round(course.error_after, 5),
        "seed": wish.seed,
        "seconds": round(course.seconds),
        "tuned": datetime.now(UTC).date().isoformat(),
        "card_before": dict(start.card),
    }
