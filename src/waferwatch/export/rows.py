"""Every row of the data with what was found in it, as CSV or Parquet."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from waferwatch.export.csv_file import write_csv
from waferwatch.read.table import Table
from waferwatch.scoring.output import with_result
from waferwatch.scoring.result import Detection

_GROUP_ROWS = 100_000


def write_detection_rows(
    frame: pd.DataFrame, found: Detection, file: BinaryIO, kind: str, table: Table | None = None
) -> None:
    """Every input row and column in input order, and anomaly_score, is_anomaly and event_id.

    Args:
        frame: the rows as they came, (rows, columns).
        kind: "csv" (texts that a spreadsheet would run are made harmless) or "parquet" (every cell as it came).
        table: what was detected in; with it is_abnormal_wafer as well, where wafers were judged.
    """
    table = arrow_table(with_result(frame, found, table))
    if kind == "parquet":
        parquet.write_table(table, file, row_group_size=_GROUP_ROWS, compression="zstd")
    else:
        write_csv(table, file)


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """The frame as an Arrow table; cells of a column that holds several kinds of things become text."""
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        columns = {str(name): _column(frame.iloc[:, at]) for at, name in enumerate(frame.columns)}
        return pa.table(columns)


def _column(cells: pd.Series) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.Array.from_pandas(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        missing = cells.isna()
        return pa.array([None if gone else str(cell) for cell, gone in zip(cells, missing, strict=True)])
