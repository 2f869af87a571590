"""The default detector with MOMENT, and MOMENT's features alone."""

from __future__ import annotations

from typing import ClassVar

from waferwatch.models.contract import ModelInfo
from waferwatch.models.ensemble.detector import EnsembleDetector
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.encoder import Encoder
from waferwatch.models.moment.runners.engine import Engine
from waferwatch.settings import current_settings


class MomentDetector(EnsembleDetector):
    """Features of MOMENT's embeddings and plain ones.

    Args:
        checkpoint: name of an imported checkpoint; None takes the embedded one.
        device: "auto", "cpu" or "cuda"; None takes the setting.
        threads: as for :class:`EnsembleDetector`.
    """

    name: ClassVar[str] = "moment"

    def __init__(self, checkpoint: str | None = None, device: str | None = None, threads: int | None = None) -> None:
        super().__init__(threads)
        found = checkpoints.find(checkpoint)
        # One thread a pass: two passes in two threads are a sixth faster than two threads in one pass.
        self._engine = Engine(found, current_settings().device if device is None else device, 1)

    @property
    def encoder(self) -> Encoder:
        return Encoder(self._engine, threads=self.threads)

    @property
    def info(self) -> ModelInfo:
        checkpoint = self._engine.checkpoint
        return ModelInfo(checkpoint.name, checkpoint.sha256, self._engine.device)


class MomentOnlyDetector(MomentDetector):
    """MOMENT's features alone, to see what the network is worth."""

    name: ClassVar[str] = "moment_only"
    plain: ClassVar[bool] = False
