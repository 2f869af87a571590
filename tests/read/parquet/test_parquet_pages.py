"""Pages of a Parquet file are measured before they are unpacked, whatever the footer says."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from waferwatch.errors import InputError, TooLargeError
from waferwatch.read.files import read_table
from waferwatch.read.limits import Limits
from waferwatch.read.parquet.pages import largest_pages


def pages_of(table: pa.Table, **options: object) -> tuple[int, bytes]:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return largest_pages(file, parquet.ParquetFile(file).metadata), file.getvalue()


def a_table(rows: int = 30_000) -> pa.Table:
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "time": pd.date_range("2026-01-01", periods=rows, freq="s"),
            "tool": pa.array(["E1", "E2", None] * (rows // 3)),
            "note": pa.array([f"note {at} " + "x" * 100 for at in range(rows)]),
            "a": rng.normal(size=rows),
            "on": pa.array([True, False, None] * (rows // 3)),
            "list": pa.array([[1.0, 2.0], [], None] * (rows // 3)),
        }
    )


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("group", [30_000, 1_000])
def test_the_pages_of_honest_files_are_found(version: str, compression: str, dictionary: bool, group: int) -> None:
    table = a_table()
    largest, _ = pages_of(
        table, data_page_version=version, compression=compression, use_dictionary=dictionary, row_group_size=group
    )
    assert largest >= (240_000 if group == 30_000 else 8_000)
    assert largest <= 2 * table.nbytes


def test_the_largest_pages_of_all_columns_are_added_up() -> None:
    one, content = pages_of(pa.table({"a": np.zeros(200_000)}), use_dictionary=False)
    two, _ = pages_of(pa.table({"a": np.zeros(200_000), "b": np.zeros(200_000)}), use_dictionary=False)
    assert one >= 100_000
    assert two == 2 * one
    assert len(content) < 200_000


def test_a_page_that_unpacks_to_too_much_is_refused_though_the_footer_says_little(tmp_path: Path) -> None:
    """The unpacked size in the page's header is made larger: 8 bytes of data become 1.9 GB to ask for."""
    file = io.BytesIO()
    parquet.write_table(
        pa.table({"a": [0.5] * 9}), file, use_dictionary=False, compression="zstd", write_statistics=False
    )
    content = file.getvalue()
    at = 4  # behind the magic letters: field 1, the kind of the page; then field 2 (0x15), the unpacked size
    assert content[at : at + 3] == b"\x15\x00\x15"
    shown = content[: at + 3] + b"\xfe\xff\xff\xff\x0f" + content[at + 5 :]  # 2^31 - 1, three bytes longer than before
    with pytest.raises(TooLargeError, match=r"400\.0 MB of memory"):
        read_bytes(tmp_path, shown)


def read_bytes(folder: Path, content: bytes) -> None:
    path = folder / "a.parquet"
    path.write_bytes(content)
    read_table(path, limits=Limits())


def test_any_damage_of_page_headers_is_refused_or_harmless(tmp_path: Path) -> None:
    _, content = pages_of(a_table(300))
    rng = np.random.default_rng(1)
    for _ in range(150):
        damaged = bytearray(content)
        for at in rng.integers(4, len(content) // 2, 8):
            damaged[at] = rng.integers(256)
        with contextlib.suppress(InputError, TooLargeError):
            read_bytes(tmp_path, bytes(damaged))
