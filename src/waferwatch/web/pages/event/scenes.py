"""A finished detection laid out to be explained; the layout of the last ones is kept."""

from __future__ import annotations

from waferwatch.explain.scene import Scene, SceneLayout, lay_out, set_scene
from waferwatch.jobs.finished import Finished
from waferwatch.jobs.options import reference_mask
from waferwatch.store.recent import Recent
from waferwatch.web.shell.context import Parts

_LAYOUTS_BYTES = 256 * 2**20
_layouts: Recent[tuple[str, int], SceneLayout] = Recent(_LAYOUTS_BYTES, lambda layout: layout.bytes)


def scene_of(app: Parts, one: Finished) -> Scene:
    """
    Raises:
        NotFoundError: when the data set is gone.
        InputError: when the roles of the columns have been changed since.
    """
    version = app.store.datasets.get(one.options.dataset).version
    layout = _layouts.get((one.run.id, version), lambda: _lay_out(one))
    return set_scene(one.table, one.found, layout)


def _lay_out(one: Finished) -> SceneLayout:
    """As the detection laid the rows out; known to be normal is exactly what it learnt from."""
    known = reference_mask(one.table, one.options)
    return lay_out(one.table, one.rows, reference_rows=one.options.reference_rows, known=known, cut=one.found.layout)
