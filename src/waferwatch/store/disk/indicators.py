"""The indicators of a result next to it, so that nobody has to compute them again: a file that may be lost at any time.

One row for each cell: its indicators, and the rows of the table that it is made of. What names the columns is a JSON
file next to it. Where a file is missing, damaged or of another release, there are no kept indicators.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from waferwatch.errors import DamagedError
from waferwatch.indicators.cells import StageName, StepCells
from waferwatch.indicators.indicators import IndicatorColumn, Indicators
from waferwatch.series.wafer_runs import WaferRuns
from waferwatch.store.disk.files import put, sha256_of
from waferwatch.store.disk.sealed import guarded, put_json, read_json

_RELEASE = metadata.version("waferwatch")  # another one may compute them in another way, or keep them in another one
_ABOUT = "indicators.json"
_FILES = "indicators-*.parquet"
_log = logging.getLogger("waferwatch.store")


def save_indicators(folder: Path, found: Indicators) -> None:
    """Keep the indicators of the result that lies in a folder, in place of earlier ones.

    Raises:
        StorageFullError: when the disk is full or cannot be written.
        OSError: when the folder is gone.
    """
    name = f"indicators-{secrets.token_hex(4)}.parquet"
    table = _as_table(found)
    written = put(folder / name, lambda file: pq.write_table(table, file, compression="zstd"))
    cells = found.cells
    about = {
        "release": _RELEASE,
        "file": {"name": name, "sha256": written.sha256},
        "columns": _named(found.columns),
        "run_columns": cells.runs.columns,
        "stages": [[one.equipment, one.recipe, one.step] for one in cells.names],
        "timed": cells.timed,
    }
    put_json(folder / _ABOUT, about)
    for old in folder.glob(_FILES):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_indicators(folder: Path, columns: list[IndicatorColumn]) -> Indicators | None:
    """What ``save_indicators`` kept of this result; None where it has to be computed.

    Args:
        columns: of the indicators that are wanted, in their order.
    """
    damaged = DamagedError("The indicators of this result are damaged.", hint="They are computed again.")
    try:
        with guarded(damaged):
            about = read_json(folder / _ABOUT)
            if about["release"] != _RELEASE or about["columns"] != _named(columns):
                return None
            path = folder / about["file"]["name"]
            if sha256_of(path) != about["file"]["sha256"]:
                raise ValueError("the checksum does not fit the content")
            return _from_table(pq.read_table(path), about, columns)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except DamagedError:
        _log.warning("the kept indicators of result %s are damaged; they are computed again", folder.name)
        return None


def drop_indicators(folder: Path) -> None:
    """Remove what ``save_indicators`` kept; nothing happens when nothing is there."""
    for path in (folder / _ABOUT, *folder.glob(_FILES)):
        path.unlink(missing_ok=True)


def _named(columns: Sequence[IndicatorColumn]) -> list[list[str]]:
    return [[one.sensor, one.statistic] for one in columns]


def _as_table(found: Indicators) -> pa.Table:
    cells = found.cells
    offsets = np.append(cells.starts, len(cells.rows))

    def each(values: NDArray[Any]) -> pa.LargeListArray:
        return pa.LargeListArray.from_arrays(offsets, values)

    columns = {
        "run": cells.run,
        "stage": cells.stage,
        "rows": each(cells.rows),
        "rows_in_time": each(cells.runs.rows),
        "clock": each(cells.clock),
        **{str(at): values for at, values in enumerate(found.values.T)},
    }
    return pa.table(columns)


def _from_table(table: pa.Table, about: dict[str, Any], columns: list[IndicatorColumn]) -> Indicators:
    def each(name: str) -> NDArray[Any]:
        found: NDArray[Any] = table[name].combine_chunks().flatten().to_numpy()
        return found

    run, stage = table["run"].to_numpy(), table["stage"].to_numpy()
    lengths = np.diff(table["rows"].combine_chunks().offsets.to_numpy())
    starts = np.cumsum(lengths) - lengths
    first = np.flatnonzero(np.diff(run, prepend=-1))
    runs = WaferRuns(tuple(about["run_columns"]), each("rows_in_time"), starts[first])
    names = [StageName(*one) for one in about["stages"]]
    cells = StepCells(runs, each("rows"), starts, run, stage, names, each("clock"), about["timed"])
    values = np.stack([table[str(at)].to_numpy() for at in range(len(columns))], axis=1)
    return Indicators(cells, columns, values)
