"""The default detector: MOMENT's heads and the statistical ones, fused; and MOMENT's alone."""

from __future__ import annotations

from typing import ClassVar

from waferwatch.detectors.base import ModelInfo
from waferwatch.detectors.fused import FusedDetector
from waferwatch.detectors.heads import JointReader, Reader
from waferwatch.detectors.moment import checkpoint as checkpoints
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.reader import MomentReader
from waferwatch.detectors.moment.run_tokens import RunTokens
from waferwatch.detectors.moment.views import VIEWS, VIEWS_OF_SEVERAL
from waferwatch.detectors.runs.judge import RunSpace, Traces
from waferwatch.detectors.statistical import statistical_joint_readers, statistical_readers
from waferwatch.settings import current_settings


class MomentOnlyDetector(FusedDetector):
    """MOMENT behind the detector contract, without any head that needs no network.

    Args:
        checkpoint: name of an imported checkpoint; None takes the embedded one.
        device: "auto", "cpu" or "cuda"; None takes the setting.
        threads: processor threads, 0 for all; None takes the setting.

    Raises:
        ModelError: when the checkpoint or the device cannot be used.
    """

    name: ClassVar[str] = "moment_only"
    as_published: ClassVar[bool] = False

    def __init__(self, checkpoint: str | None = None, device: str | None = None, threads: int | None = None) -> None:
        super().__init__(threads)
        settings = current_settings()
        self._checkpoint = checkpoints.find(checkpoint)
        self._engine = Engine(
            self._checkpoint, device or settings.device, settings.threads if threads is None else threads
        )

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self._checkpoint.name, self._checkpoint.sha256, self._engine.device)

    def readers(self, sensors: int) -> list[Reader]:
        return [MomentReader(self._engine, VIEWS if sensors == 1 else VIEWS_OF_SEVERAL)]

    def joint_readers(self, sensors: int) -> list[JointReader]:
        return []

    def run_spaces(self) -> list[RunSpace]:
        return [RunTokens(self._engine)]


class MomentDetector(MomentOnlyDetector):
    """MOMENT's heads with the statistical ones beside them: see :class:`MomentOnlyDetector` for the arguments."""

    name: ClassVar[str] = "moment"

    def readers(self, sensors: int) -> list[Reader]:
        return [*super().readers(sensors), *statistical_readers()]

    def joint_readers(self, sensors: int) -> list[JointReader]:
        return statistical_joint_readers(sensors)

    def run_spaces(self) -> list[RunSpace]:
        return [*super().run_spaces(), Traces()]
