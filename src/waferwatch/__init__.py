"""waferwatch: anomalies in semiconductor process data, found with the MOMENT time-series foundation model.

    >>> import waferwatch
    >>> result = waferwatch.detect(frame, time="timestamp", group="equipment", reference_rows=2000)  # doctest: +SKIP
    >>> result.events[0].sensors  # doctest: +SKIP

The names below are loaded when first used, so that ``import waferwatch`` stays quick.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from waferwatch.api import compare, detect, fit, read_file, save_recipe
    from waferwatch.errors import WaferwatchError
    from waferwatch.events.event import Event
    from waferwatch.jobs.monitors.library import MonitorLibrary, load_monitor
    from waferwatch.models.registry import detector_names
    from waferwatch.monitors.golden.golden_set import GoldenChoice
    from waferwatch.read.generate import generate
    from waferwatch.scoring.before_after import before_after
    from waferwatch.scoring.comparison.chambers import chamber_matching
    from waferwatch.scoring.comparison.compare import Comparison, ComparisonRow
    from waferwatch.scoring.comparison.sentences import comparison_notes
    from waferwatch.scoring.model import Model, load
    from waferwatch.scoring.result import Detection

__version__ = version("waferwatch")
__all__ = [
    "Comparison",
    "ComparisonRow",
    "Detection",
    "Event",
    "GoldenChoice",
    "Model",
    "MonitorLibrary",
    "WaferwatchError",
    "before_after",
    "chamber_matching",
    "compare",
    "comparison_notes",
    "detect",
    "detector_names",
    "fit",
    "generate",
    "load",
    "load_monitor",
    "read_file",
    "save_recipe",
]

_HOMES = {
    "Comparison": "waferwatch.scoring.comparison.compare",
    "ComparisonRow": "waferwatch.scoring.comparison.compare",
    "Detection": "waferwatch.scoring.result",
    "Event": "waferwatch.events.event",
    "GoldenChoice": "waferwatch.monitors.golden.golden_set",
    "WaferwatchError": "waferwatch.errors",
    "Model": "waferwatch.scoring.model",
    "MonitorLibrary": "waferwatch.jobs.monitors.library",
    "before_after": "waferwatch.scoring.before_after",
    "chamber_matching": "waferwatch.scoring.comparison.chambers",
    "compare": "waferwatch.api",
    "comparison_notes": "waferwatch.scoring.comparison.sentences",
    "detect": "waferwatch.api",
    "detector_names": "waferwatch.models.registry",
    "fit": "waferwatch.api",
    "generate": "waferwatch.read.generate",
    "load": "waferwatch.scoring.model",
    "load_monitor": "waferwatch.jobs.monitors.library",
    "read_file": "waferwatch.api",
    "save_recipe": "waferwatch.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'waferwatch' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
