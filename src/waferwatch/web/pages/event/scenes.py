"""A finished detection and its data, laid out to be explained; the layout of the last ones is kept."""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.explain.scene import Scene, SceneLayout, lay_out, set_scene
from waferwatch.jobs.detection import table_of
from waferwatch.jobs.options import Options, chosen_rows, reference_mask
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.store.recent import Recent
from waferwatch.store.runs import Run
from waferwatch.web.pages.runs.api import finished_detection
from waferwatch.web.shell.context import Parts

_LAYOUTS_BYTES = 256 * 2**20
_layouts: Recent[tuple[str, int], SceneLayout] = Recent(_LAYOUTS_BYTES, lambda layout: layout.bytes)


@dataclass(frozen=True)
class Asked:
    """A run and what it judged."""

    run: Run
    scene: Scene


def asked(app: Parts, run_id: str) -> Asked:
    """
    Raises:
        NotFoundError: when the run, its data or its result is gone or not there yet.
        InputError: when it is no detection, or the roles of the columns have been changed since.
        RunFailed: what ended it instead.
    """
    run = finished_detection(app, run_id)
    options = Options.from_dict(run.options)
    dataset = app.store.datasets.get(options.dataset)
    table, found = table_of(app.store, options), app.store.results.detection(run.id)
    layout = _layouts.get((run.id, dataset.version), lambda: _lay_out(table, options, found))
    return Asked(run, set_scene(table, found, layout))


def _lay_out(table: Table, options: Options, found: Detection) -> SceneLayout:
    """As the detection laid the rows out; known to be normal is exactly what it learnt from."""
    known = reference_mask(table, options)
    return lay_out(
        table, chosen_rows(table, options), reference_rows=options.reference_rows, known=known, cut=found.layout
    )
