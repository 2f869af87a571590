"""What a file holds, before anything is known about its columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from waferwatch.read.table import Note
from waferwatch.read.text.text_form import TextForm


@dataclass(frozen=True)
class FileRows:
    """The rows of one table of a file."""

    frame: pd.DataFrame  # columns with different names, cells as the parser made them
    first_row: int  # number of the first data row in messages
    notes: tuple[Note, ...] = ()  # obstacles among them
    units: dict[str, str] = field(default_factory=dict)  # column -> unit, where a line of units names one
    written: TextForm | None = None  # how it is written, where it has lines
