"""The job that compares detectors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from waferwatch.detection.compare import compare_table
from waferwatch.detectors.base import Progress
from waferwatch.jobs.detection import table_of
from waferwatch.jobs.options import Options
from waferwatch.settings import Settings
from waferwatch.store.runs import Run
from waferwatch.store.store import Store


def run_comparison(store: Store, _settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Compare, keep the rows, and return a summary.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: as ``compare_table``, and for columns that cannot be used.
    """
    options = Options.from_dict(run.options)
    rows = compare_table(
        table_of(store, options),
        detectors=options.detectors,
        contamination=options.contamination,
        reference_rows=options.reference_rows,
        progress=progress,
    )
    store.results.put_document(run.id, {"rows": [asdict(row) for row in rows]})
    return {"detectors": [row.detector for row in rows], "seconds": sum(row.seconds for row in rows)}
