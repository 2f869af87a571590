"""In which shape a table is, and its rows in the wide one: a row for each time, a column for each sensor."""

from __future__ import annotations

from waferwatch.errors import InputError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.form import Form
from waferwatch.read.shapes import clock_per_sensor, long_table, run_per_row

_SHAPES = {
    "clock-per-sensor": clock_per_sensor.turned,
    "long": long_table.turned,
    "run-per-row": run_per_row.turned,
}


def wide_rows(rows: FileRows, name: str, form: Form) -> FileRows:
    """The rows in the wide shape, with a finding where they had to be turned.

    Raises:
        InputError: they cannot be of the shape that the owner names.
    """
    if form.shape in ("wide", "transposed"):
        return rows
    if form.shape is not None:
        turned = _SHAPES[form.shape](rows, name, wished=True)
        if turned is None:
            raise InputError(
                "{table} cannot be read in the shape {shape}.",
                hint="Leave the shape out, or choose another one.",
                field="shape",
                table=name,
                shape=repr(form.shape),
            )
        return turned
    for turn in _SHAPES.values():
        turned = turn(rows, name, wished=False)
        if turned is not None:
            return turned
    return rows
