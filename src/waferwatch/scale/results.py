"""Where results lie, and how they are written: the same bytes each time a unit is done.

Of each unit ``scores``, ``flagged`` and ``wafers``, of each equipment ``events`` and ``problems``, each below a folder
``equipment=NAME``; of the fleet ``fleet``. What begins with a line is for the work itself: markers say what is done.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.parquet as parquet

from waferwatch.scale.storage import Storage
from waferwatch.scoring.model import ARRAYS as MODEL_ARRAYS
from waferwatch.scoring.model import DESCRIPTION, Model, ModelContent, model_from

UNIT_TABLES = ("scores", "flagged", "wafers")
TABLES = (*UNIT_TABLES, "events", "problems")
# Names are text, also those that look like numbers.
_BY_EQUIPMENT = dataset.partitioning(pa.schema([("equipment", pa.string())]), flavor="hive")
MARKERS, FAILED, PARTS, MODELS = "_units", "_failed", "_parts", "_models"


def put_table(out: Storage, table: str, key: str, frame: pd.DataFrame) -> None:
    """Write one file of a result table.

    Args:
        key: equipment, a slash, and the name of the file.
    """
    plain = frame.drop(columns="equipment", errors="ignore")  # the folder says it
    out.child(file_of(table, key)).write(parquet_bytes(plain))


def file_of(table: str, key: str) -> str:
    """Where one file of a result table lies."""
    folder, name = key.rsplit("/", 1)
    return f"{table}/equipment={folder}/{name}.parquet"


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """A table as a Parquet file; numbers of rows and times, which rise evenly, take next to nothing."""
    buffer = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    rising = [one.name for one in table.schema if pa.types.is_integer(one.type) or pa.types.is_timestamp(one.type)]
    texts = [one.name for one in table.schema if pa.types.is_large_string(one.type) or pa.types.is_string(one.type)]
    parquet.write_table(
        table,
        buffer,
        compression="zstd",
        use_dictionary=texts,
        column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED") or None,
    )
    return buffer.getvalue()


def read_table_of(out: Storage, table: str) -> pd.DataFrame:
    """A result table of all equipment, with the column ``equipment``; empty where nothing was written."""
    place = out.child(table)
    paths = [place.child(one.name).path for one in place.files()] if place.is_folder() else []
    if not paths:
        return pd.DataFrame()
    data = dataset.dataset(paths, filesystem=place.system, format="parquet", partitioning=_BY_EQUIPMENT)
    frame: pd.DataFrame = data.to_table().to_pandas()
    return frame


def read_unit(out: Storage, table: str, key: str) -> pd.DataFrame:
    """One file of a result table.

    Raises:
        FileNotFoundError: there is none.
    """
    return pd.read_parquet(io.BytesIO(out.child(file_of(table, key)).read()))


def put_json(out: Storage, name: str, document: Any) -> None:
    out.child(f"{name}.json").write(json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=True).encode())


def get_json(out: Storage, name: str) -> Any | None:
    """None where it does not exist, or was not written to its end."""
    try:
        return json.loads(out.child(f"{name}.json").read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def put_model(out: Storage, name: str, model: Model) -> None:
    """Write a model as ``Model.save`` does, wherever results lie."""
    written = model.content()
    out.child(f"{MODELS}/{name}/{MODEL_ARRAYS}").write(written.arrays)
    out.child(f"{MODELS}/{name}/{DESCRIPTION}").write(written.description)


def get_model(out: Storage, name: str) -> Model:
    """
    Raises:
        FileNotFoundError: there is none.
        ModelError: it is damaged.
    """
    place = out.child(f"{MODELS}/{name}")
    content = ModelContent(place.child(DESCRIPTION).read(), place.child(MODEL_ARRAYS).read())
    return model_from(content, Path(place.path))
