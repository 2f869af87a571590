"""Small files that unpack to much memory, and names and cells of any length, are refused before they cost anything."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from waferwatch.errors import InputError, TooLargeError
from waferwatch.read.files import read_original, read_table
from waferwatch.read.form import Form
from waferwatch.read.frames import table_from_frame
from waferwatch.read.limits import Limits
from waferwatch.read.memory import measured_pool
from waferwatch.read.roles.column_names import category, plain
from waferwatch.read.roles.label_names import label_rank
from waferwatch.read.text.source import PackedFile, TextSource
from waferwatch.read.text.text_form import find_text_form

MARKS = "a" + "\u0315" * 60_000 + "\u0300" * 60_000  # sorting these takes a minute and holds Python's lock
READ = """
import re, sys
from waferwatch.errors import WaferwatchError
from waferwatch.read.files import read_table
from waferwatch.read.limits import Limits
from waferwatch.settings import read_settings
try:
    table = read_table(sys.argv[1], limits=Limits.of(read_settings({})))
    answer = f"read {len(table.frame)}"
except WaferwatchError as error:
    answer = f"{error.status} {error}"
status = open("/proc/self/status").read()  # ru_maxrss would count what the process that started this one held
print(int(re.search("VmHWM: *\\t* *([0-9]+)", status)[1]) // 1024, answer)
"""


def read_in_a_child(path: Path) -> tuple[int, str]:
    """The most megabytes of a process that reads the file with the limits of a server, and its answer."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    peak, answer = done.stdout.split(maxsplit=1)
    return int(peak), answer


def repeated_text(path: Path, rows: int, letters: int) -> Path:
    """A text that stands once in the file, for every row."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * letters]))
    columns = {"time": pa.array([0] * rows), "lot": texts, "a": pa.array([1.0] * rows)}
    parquet.write_table(pa.table(columns), path, store_schema=False)
    return path


def packed_rows(path: Path, head: str, row: str, times: int) -> Path:
    block = gzip.compress((row * 5_000).encode(), 9)
    path.write_bytes(gzip.compress(head.encode()) + block * times)
    return path


@pytest.mark.parametrize(
    ("rows", "letters", "said"), [(300_000, 10_000, "400"), (2_000_000, 100_000, "32767 are accepted")]
)
def test_a_parquet_text_that_stands_once_for_many_rows_is_refused(
    tmp_path: Path, rows: int, letters: int, said: str
) -> None:
    path = repeated_text(tmp_path / "b.parquet", rows, letters)
    assert path.stat().st_size < 100_000
    peak, answer = read_in_a_child(path)
    assert answer.startswith("413")
    assert said in answer
    assert peak < 1_000


def test_many_equal_rows_in_gzip_after_a_quotation_mark_are_refused(tmp_path: Path) -> None:
    head = ",".join(f"c{at}" for at in range(100)) + '\n"1"' + ",1" * 99 + "\n"
    path = packed_rows(tmp_path / "ones.csv.gz", head, ",".join(["1"] * 100) + "\n", 400)
    assert path.stat().st_size < 2_000_000
    peak, answer = read_in_a_child(path)
    assert answer.startswith("413")
    assert "400.0 MB" in answer
    assert peak < 1_500
    with pytest.raises(TooLargeError, match="more than 100000 rows"):
        read_table(path, limits=Limits(rows=100_000))


def test_a_fault_ends_the_data_and_is_raised_only_when_the_parser_is_done(tmp_path: Path) -> None:
    """An exception that passes through Arrow's threads can lock up the interpreter when it ends."""
    (tmp_path / "a.csv").write_bytes(b"a,b\n" + b"1,2\n" * 400_000 + b"\xff,1\n")
    limits = Limits(rows=10)
    form = find_text_form("a,b\n1,2\n", "utf-8", "a.csv", Form(), whole=False)
    with measured_pool() as pool, PackedFile(tmp_path / "a.csv", "a.csv", limits) as file:
        source = TextSource(file, form, "a.csv", limits, pool)
        source.check()
        assert source.read() == b""
        with pytest.raises(TooLargeError, match="more than 10 rows"):
            source.check()


@pytest.mark.parametrize("cell", ["2026-01-01 00:00:00", '"a\nb"', "20-Jan-2026 10:00:00"])
def test_any_table_that_is_read_stays_below_the_bound(tmp_path: Path, cell: str) -> None:
    path = packed_rows(tmp_path / "some.csv.gz", "when,b,c,a\n", f"{cell},{cell},{cell},1.5\n", 250)
    peak, answer = read_in_a_child(path)
    assert answer.startswith("read 1250000")
    assert peak < 1_500


def test_memory_is_measured_in_every_kind_of_file(tmp_path: Path) -> None:
    limits = Limits(memory=1_000_000)
    frame = pd.DataFrame({"a": range(50_000), "b": 0.5, "memo": "one of many words"})
    for write, name in ((frame.to_parquet, "a.parquet"), (frame.to_csv, "a.csv"), (frame.to_csv, "a.csv.gz")):
        write(tmp_path / name, index=False)
        with pytest.raises(TooLargeError, match=r"1\.0 MB of memory"):
            read_table(tmp_path / name, limits=limits)
        assert len(read_table(tmp_path / name, limits=Limits(memory=10_000_000)).frame) == 50_000
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress(buffer.getvalue()))
    with pytest.raises(TooLargeError, match=r"1\.0 MB of memory"):
        read_table(tmp_path / "b.parquet.gz", limits=limits)
    assert len(read_table(tmp_path / "b.parquet.gz").frame) == 50_000


def test_what_is_read_as_text_may_take_three_times_as_much(tmp_path: Path) -> None:
    pd.DataFrame({"a": [0.1257302210933933] * 50_000}).to_csv(tmp_path / "a.csv", index=False)
    limits = Limits(memory=500_000)
    assert len(read_table(tmp_path / "a.csv", limits=limits).frame) == 50_000
    assert len(read_original(tmp_path / "a.csv", limits=limits)) == 50_000


def test_a_dictionary_of_a_whole_file_is_counted_once_a_batch_for_what_the_batch_uses(tmp_path: Path) -> None:
    rows = 600_000
    frame = pd.DataFrame({"a": range(rows), "b": 1.0, "memo": [f"note {at // 2}" for at in range(rows)]})
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    assert len(read_table(tmp_path / "a.parquet", limits=Limits(memory=100_000_000)).frame) == rows


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_place_of_a_text_that_is_too_long_is_named(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"a": [1.0] * 9, "memo": [*"abcdefg", "x" * 40_000, None]})
    path = tmp_path / f"data.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    with pytest.raises(TooLargeError, match=f"Row {9 if kind == 'csv' else 8} of data.{kind}: the text in memo"):
        read_table(path)


def test_a_column_name_of_any_length_is_refused_at_once(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": range(50), MARKS: 1.5})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet", index=False)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for name in ("a.csv", "a.parquet", "b.csv.gz"):
        with pytest.raises(InputError, match=f"The name of column 2 of {name} has 120001 letters"):
            read_table(tmp_path / name)
    with pytest.raises(InputError, match="The name of column 2 of the frame has 120001 letters"):
        table_from_frame(frame)


def test_a_longer_name_in_a_parquet_file_is_refused_too(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"time": [1], "x" * 3_000_000: [1.0]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"damaged|letters"):
        read_table(tmp_path / "a.parquet")


def test_what_a_name_says_is_read_from_its_beginning() -> None:
    for look in (plain, category, label_rank):
        look(MARKS * 10)
    assert plain("chamber" + MARKS * 10).startswith("chamber")


def test_a_parquet_file_that_says_its_end_is_as_long_as_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 64 + (1 << 30).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(InputError, match="damaged"):
        read_table(path)


def test_a_measured_pool_begins_at_nothing_and_outlives_what_came_from_it() -> None:
    with measured_pool() as first:
        kept = pa.array(range(10_000), memory_pool=first)
        with measured_pool() as second:
            assert second.bytes_allocated() == 0
    with measured_pool() as third:
        assert third.bytes_allocated() == 0
    assert kept[9_999].as_py() == 9_999
