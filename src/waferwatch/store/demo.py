"""The built-in demo data."""

from __future__ import annotations

from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.read.virtual_fab.generate import generate

_ROWS, _SEED = 20_000, 20


def make_demo() -> Table:
    """Three tools of a virtual fab, with labelled faults."""
    return table_from_frame(generate(rows=_ROWS, equipment=3, seed=_SEED), name="demo")
