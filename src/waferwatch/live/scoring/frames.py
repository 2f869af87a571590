"""Rows of the log as the table that a model was learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from waferwatch.live.log.reading import LoggedRows
from waferwatch.read.table import Role
from waferwatch.scoring.model import Model

SHORTEST_NS = 1e5  # between two rows; a model whose rows lie nearer has a clock of numbers, which counts seconds
_SECOND_NS = 1e9


def model_frame(rows: LoggedRows, equipment: str, model: Model) -> pd.DataFrame:
    """Rows with the columns that a model asks for; a sensor that no row has is missing in all of them."""
    given: dict[str, Any] = {
        Role.TIME: _times(rows, equipment, model),
        Role.EQUIPMENT: np.full(len(rows), equipment, dtype=object),
        **{role: rows.context[role.value] for role in (Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP)},
    }
    columns = {column: given[Role(role)] for column, role in model.roles.items() if Role(role) in given}
    values = rows.sensor_values(model.features)
    return pd.DataFrame(columns | {name: values[:, at] for at, name in enumerate(model.features)})


def clock_unit(equipment: str, model: Model) -> float:
    """Nanoseconds in the unit of a model's clock."""
    interval = model.layout.interval((equipment,))
    return 1.0 if interval is None or interval >= SHORTEST_NS else _SECOND_NS


def _times(rows: LoggedRows, equipment: str, model: Model) -> Any:
    unit = clock_unit(equipment, model)
    return rows.times.view("datetime64[ns]") if unit == 1.0 else rows.times / unit
