"""The detectors by name. A new one is a file and a line here."""

from __future__ import annotations

import importlib
import inspect

from waferwatch.errors import InputError, NotFoundError
from waferwatch.models.contract import Detector

# Named as text and imported when asked for, since scikit-learn and ONNX Runtime take a second or more to import.
_DETECTORS = {
    "moment": "waferwatch.models.moment.detector.MomentDetector",
    "moment_only": "waferwatch.models.moment.detector.MomentOnlyDetector",
    "statistical": "waferwatch.models.ensemble.statistical.StatisticalDetector",
    "early": "waferwatch.models.early.detector.EarlyDetector",
    "isolation_forest": "waferwatch.models.baselines.isolation_forest.IsolationForestDetector",
    "pca": "waferwatch.models.baselines.pca.PcaDetector",
    "sub_pca": "waferwatch.models.baselines.sub_pca.SubPcaDetector",
    "knn": "waferwatch.models.baselines.knn.KnnDetector",
    "matrix_profile": "waferwatch.models.baselines.matrix_profile.MatrixProfileDetector",
    "moving_variance": "waferwatch.models.baselines.one_liners.MovingVariance",
    "squared_difference": "waferwatch.models.baselines.one_liners.SquaredDifference",
    "isolation_forest_steps": "waferwatch.models.baselines.in_steps.IsolationForestInSteps",
    "pca_steps": "waferwatch.models.baselines.in_steps.PcaInSteps",
    "moving_variance_steps": "waferwatch.models.baselines.in_steps.MovingVarianceInSteps",
    "squared_difference_steps": "waferwatch.models.baselines.in_steps.SquaredDifferenceInSteps",
}


STEPS = "_steps"  # ends the name of a baseline that reads rows by their recipe steps


def detector_names() -> list[str]:
    """Every detector, the default one first."""
    return list(_DETECTORS)


def reads_steps(name: str) -> bool:
    """Whether a detector is a baseline with the step normalisation of the default detector."""
    return name.endswith(STEPS)


def check_name(name: str, field: str = "detector") -> None:
    """
    Args:
        field: the field of the request that named the detector, for the error.

    Raises:
        NotFoundError: when no detector has this name.
    """
    if name not in _DETECTORS:
        raise NotFoundError(
            "There is no detector named {name}.",
            hint="Choose one of: {known}.",
            field=field,
            name=name[:60],
            known=", ".join(_DETECTORS),
        )


def detector_class(name: str) -> type[Detector]:
    """The class of a detector. Once it is imported, what it has learnt can be read back.

    Raises:
        NotFoundError: for a name that no detector has.
    """
    check_name(name)
    module, _, class_name = _DETECTORS[name].rpartition(".")
    found: type[Detector] = getattr(importlib.import_module(module), class_name)
    return found


def create(
    name: str, *, checkpoint: str | None = None, device: str | None = None, threads: int | None = None
) -> Detector:
    """A fresh detector, still to be fitted.

    Args:
        name: one of :func:`detector_names`.
        checkpoint: name or folder of the weights, for a detector that has any; None takes its own.
        device: "auto", "cpu" or "cuda"; None takes the setting. A detector for the processor alone runs there whatever
            is asked, and says so in its model.
        threads: processor threads, 0 for every core; None takes the setting.

    Raises:
        NotFoundError: for a name that no detector has.
        InputError: for a checkpoint given to a detector without weights.
        ModelError: when the checkpoint cannot be used.
    """
    detector = detector_class(name)
    taken = inspect.signature(detector).parameters
    if checkpoint is not None and "checkpoint" not in taken:
        raise InputError(
            "The detector {name} has no weights, so it cannot take the checkpoint {checkpoint}.",
            hint="Leave the checkpoint out, or choose the detector moment.",
            field="checkpoint",
            name=name,
            checkpoint=checkpoint,
        )
    options = {"checkpoint": checkpoint, "device": device, "threads": threads}
    return detector(**{option: value for option, value in options.items() if option in taken})
