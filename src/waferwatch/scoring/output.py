"""A detection's rows as a file: every input row and column in input order, with the result next to them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.series.wafer_runs import find_passes

ABNORMAL_WAFER = "is_abnormal_wafer"
COLUMNS = ("anomaly_score", "is_anomaly", "event_id", ABNORMAL_WAFER)


def with_result(frame: pd.DataFrame, detection: Detection, table: Table | None = None) -> pd.DataFrame:
    """The frame with the columns anomaly_score (float), is_anomaly (bool) and event_id (empty where none).

    Columns of these names that were there before, of an earlier result, are replaced.

    Args:
        table: what was detected in. Where wafers were judged the result then has is_abnormal_wafer (bool) as well, in
            every row of a wafer: a wafer may be abnormal as a whole though no single row of it is.
    """
    result = frame.drop(columns=[name for name in COLUMNS if name in frame.columns])
    event_ids = pd.array(detection.event_ids, dtype="Int64")
    event_ids[detection.event_ids == 0] = pd.NA
    result = result.assign(anomaly_score=detection.scores, is_anomaly=detection.flags, event_id=event_ids)
    abnormal = None if table is None else in_abnormal_wafers(table, detection)
    return result if abnormal is None else result.assign(**{ABNORMAL_WAFER: abnormal})


def in_abnormal_wafers(table: Table, detection: Detection) -> NDArray[np.bool_] | None:
    """(rows,) whether each row is of an abnormal wafer; None where no wafers were judged."""
    runs = find_passes(table) if any(run.wafer is not None for run in detection.runs) else None
    if runs is None:
        return None
    abnormal = {run.start_row for run in detection.runs if run.abnormal}
    begins = runs.rows[runs.starts]
    if not abnormal <= set(begins.tolist()):  # an older version told wafers apart in another way
        return None
    found = np.zeros(len(table.frame), np.bool_)
    found[runs.rows] = np.isin(begins, list(abnormal))[runs.numbers]
    return found


def check_output(path: Path) -> None:
    """Refuse a file that could not be written, before the work and not after it.

    Raises:
        InputError: unknown ending, missing folder, or no right to write.
    """
    if not path.name.lower().endswith((".csv", ".csv.gz", ".parquet")):
        raise InputError(
            "The output {path} has an ending that is not known.",
            hint="Name it .csv, .csv.gz or .parquet.",
            field="--output",
            path=path,
        )
    folder = path.parent
    if not folder.is_dir():
        raise InputError(
            "The folder of the output, {path}, does not exist.",
            hint="Make the folder first or choose another.",
            field="--output",
            path=folder,
        )
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise InputError(
            "The output {path} cannot be written.",
            hint="Choose a place where you may write.",
            field="--output",
            path=path,
        )


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV, gzipped CSV or Parquet by its ending; the file appears whole or not at all.

    CSV is UTF-8; with a byte order mark when there is more than ASCII in the header, since Excel would else misread it.

    Raises:
        InputError: the disk is full or the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        if path.name.lower().endswith(".parquet"):
            frame.to_parquet(partial, index=False)
        else:
            options: dict[str, Any] = {"compression": "gzip"} if path.name.lower().endswith(".gz") else {}
            ascii_header = all(str(name).isascii() for name in frame.columns)
            frame.to_csv(partial, index=False, encoding="utf-8" if ascii_header else "utf-8-sig", **options)
        os.replace(partial, path)
    except OSError as error:
        raise InputError(
            "The file {path} could not be written: {reason}.",
            hint="Free some space or choose another place.",
            field="--output",
            path=path,
            reason=error.strerror or "the disk refused it",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
