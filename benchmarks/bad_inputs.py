"""Bad inputs and what each is answered: the table of docs/bad-inputs.md.

    python benchmarks/bad_inputs.py > docs/bad-inputs.md

Every case is given to ``waferwatch detect`` as a user would; exit code and sentence are what came back. The last line
on stderr is one JSON document; it exits with 1 when any case ended with a traceback or code 1.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from waferwatch.cli import main as waferwatch

MOST_MB = 1_500  # of a process that reads any of the files
MARKS = "a" + "\u0315" * 60_000 + "\u0300" * 60_000  # sorting these takes time that grows with their square
Case = tuple[str, list[str]]  # what it is, and the arguments of the command line


def cases(folder: Path) -> Iterator[Case]:
    """Write each bad file and say how it is given."""
    detector = ["--detector", "squared_difference"]

    def file(name: str, content: bytes | str) -> str:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def given(what: str, name: str, content: bytes | str, *options: str) -> Case:
        return what, ["detect", file(name, content), *detector, *options]

    good = _csv(200)
    path = file("good.csv", good)
    yield from _files(folder, given, detector)
    yield from _tables(given)
    yield from _values(given)
    yield from _times(given)
    yield from _labels(given)
    yield from _sizes(given)
    yield from _options(path, detector)


def _csv(rows: int, **columns: list[object]) -> str:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"time": pd.date_range("2026-01-01", periods=rows, freq="s"), "a": rng.normal(size=rows)})
    return str(frame.assign(b=rng.normal(size=rows), **columns).to_csv(index=False))


def _with(rows: int, position: int, column: str, value: object) -> str:
    """A good table with one cell exchanged."""
    frame = pd.read_csv(io.StringIO(_csv(rows)), dtype=str)
    frame.loc[position, column] = value
    return str(frame.to_csv(index=False))


def _files(folder: Path, given: Callable[..., Case], detector: list[str]) -> Iterator[Case]:
    yield "no such file", ["detect", str(folder / "nowhere.csv"), *detector]
    yield "a folder without files", ["detect", str(folder), *detector]
    yield given("empty file", "empty.csv", "")
    yield given("only blank lines", "blank.csv", "\n\n\n")
    yield given("header only", "header.csv", "time,a\n")
    yield given("no header, numbers alone", "numbers.csv", "1,2,3\n4,5,6\n7,8,9\n")
    yield given("a picture named .csv", "picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    yield given("NUL bytes", "nul.csv", b"time,a\n1,2\n\x00\x00,3\n")
    yield given("an Excel workbook", "book.xlsx", b"PK\x03\x04" + b"\x00" * 200)
    yield given("a PDF", "report.csv", b"%PDF-1.7\n" + b"x" * 200)
    yield given("JSON", "data.csv", '{"a": [1, 2, 3]}')
    yield given("HTML", "page.csv", "<!DOCTYPE html><html><body>Not found</body></html>")
    yield given("truncated gzip", "cut.csv.gz", gzip.compress(_csv(2000).encode())[:-200])
    yield given("gzip of nothing", "nothing.csv.gz", gzip.compress(b""))
    yield given("damaged Parquet", "bad.parquet", b"PAR1" + b"\x00" * 100 + b"PAR1")
    yield given("unknown encoding", "latin.csv", "time,température\n1,2\n".encode("latin-1") + b"\xff\xfe\xfd,1\n")
    yield given("an unclosed quotation mark", "quote.csv", 'time,a\n1,"2\n3,4\n5,6\n')


def _tables(given: Callable[..., Case]) -> Iterator[Case]:
    yield given("a row with too many fields", "ragged.csv", "time,a\n1,2\n3,4,5\n6,7\n")
    yield given("a row with too few fields", "short.csv", "time,a,b\n1,2,3\n4,5\n")
    yield given("the same column name twice", "twice.csv", "time,a,a\n1,2,3\n")
    yield given("a column without a name", "nameless.csv", _csv(50).replace("time,a,b", "time,,b"))
    yield given("no number in any column", "words.csv", "name,colour\nx,red\ny,blue\n")
    yield given("text columns and a label only", "label.csv", "equipment,label\nA,0\nB,1\n")
    yield given("one row", "one.csv", "time,a\n2026-01-01,5\n")
    yield given("two rows", "two.csv", "time,a\n2026-01-01,5\n2026-01-02,6\n")
    yield given("2,000 sensors", "wide.csv", pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2000))).to_csv())
    yield given("blank lines between rows", "gaps.csv", _csv(50).replace("\n", "\n\n"))
    yield given("all sensors constant", "constant.csv", "time,a\n" + "".join(f"{n},7\n" for n in range(100)))
    yield given("a sensor without any value", "void.csv", _csv(60, c=[None] * 60))


def _values(given: Callable[..., Case]) -> Iterator[Case]:
    yield given("a word in a sensor", "word.csv", _with(100, 41, "a", "broken"))
    yield given("ERR in a sensor", "err.csv", _with(100, 7, "b", "ERR"))
    yield given("a thousands separator", "thousands.csv", _with(100, 9, "a", '"1,234.5"'))
    yield given("a per cent sign", "percent.csv", _with(100, 9, "a", "12%"))
    yield given("infinity in a sensor", "inf.csv", _with(100, 5, "a", "inf"))
    yield given("missing cells", "missing.csv", _with(100, 5, "a", ""))
    yield given("a number far too large", "huge.csv", _with(100, 5, "a", "1e999"))
    yield given("an unreadable time", "when.csv", _with(100, 30, "time", "yesterday"))
    yield given("a missing time", "notime.csv", _with(100, 30, "time", ""))
    yield given("times out of order", "order.csv", _with(100, 30, "time", "2025-12-31 23:00:00"))
    yield given("a time twice", "same.csv", _with(100, 30, "time", "2026-01-01 00:00:29"))
    yield given("a label that is neither 0 nor 1", "seven.csv", _csv(30, label=[0] * 29 + [7]))
    yield given("a missing label", "unlabelled.csv", _csv(30, label=[0] * 29 + [None]))
    yield given("a formula as a name of equipment", "formula.csv", _csv(30, equipment=["=cmd|' /C calc'!A0"] * 30))
    yield given("a formula behind a semicolon", "formula.csv", _csv(30, equipment=["x;=HYPERLINK(1);y"] * 30))
    yield given("script in a column name", "script.csv", _csv(50).replace("a,b", "<script>alert(1)</script>,b"))


def _times(given: Callable[..., Case]) -> Iterator[Case]:
    good = pd.read_csv(io.StringIO(_csv(200)), parse_dates=["time"])
    yield given("the null date 9999-12-31", "null.csv", _with(100, 41, "time", "9999-12-31"))
    yield given("the null date 0001-01-01 00:00:00", "null.csv", _with(100, 41, "time", "0001-01-01 00:00:00"))
    late = good.assign(time=good["time"].astype("datetime64[us]"))
    late.loc[41, "time"] = pd.Timestamp("9999-12-31").as_unit("us")
    yield given("the null date in Parquet", "null.parquet", _parquet(late))
    yield given("the null date in Parquet, with a zone", "null.parquet", _parquet(_zoned(late, "Asia/Seoul")))
    yield given("times in the zone of Seoul", "seoul.csv", _csv_of(_zoned(good, "Asia/Seoul")))
    yield given("times in the zone of Seoul in Parquet", "seoul.parquet", _parquet(_zoned(good, "Asia/Seoul")))
    autumn = good.assign(time=pd.date_range("2026-10-25 01:00", periods=200, freq="min", tz="Europe/Berlin"))
    yield given("offsets that change to winter time", "offsets.csv", _csv_of(autumn))
    local = autumn.assign(time=autumn["time"].dt.tz_localize(None))
    yield given("local times whose hour comes twice", "autumn.csv", _csv_of(local))
    yield given("an offset in some rows only", "some.csv", _with(100, 41, "time", "2026-01-01 00:00:41+09:00"))


def _labels(given: Callable[..., Case]) -> Iterator[Case]:
    values: list[object] = [0] * 180 + [1] * 20
    yield given("a label called 불량라벨", "label.csv", _csv(200, 불량라벨=values))
    yield given("Pass/Fail with -1 and 1", "label.csv", _csv(200, **{"Pass/Fail": [-1] * 180 + [1] * 20}))
    yield given("Pass/Fail with -1 and 1 as often", "label.csv", _csv(200, **{"Pass/Fail": [-1, 1] * 100}))
    yield given("OK with 1 for good rows", "label.csv", _csv(200, OK=[1] * 180 + [0] * 20))
    yield given("a code of the defect", "label.csv", _csv(200, defect_code=[0, 1, 2, 3] * 50))
    yield given("the kind of the fault", "label.csv", _csv(200, anomaly=values, fault_kind=["", "drift"] * 100))


def _sizes(given: Callable[..., Case]) -> Iterator[Case]:
    named = pd.DataFrame({"time": range(50), MARKS: np.arange(50.0)})
    yield given("a column name of 120,000 marks", "name.csv", named.to_csv(index=False))
    yield given("the same in Parquet", "name.parquet", _parquet(named))
    yield given("the same in gzip", "name.csv.gz", gzip.compress(named.to_csv(index=False).encode()))
    yield given("5,001 columns", "wide.csv", ",".join(f"c{at}" for at in range(5_001)) + "\n" + "1," * 5_000 + "1\n")
    yield given("a cell of 40,000 letters", "cell.csv", "time,a,memo\n1,2,x\n2,3," + "x" * 40_000 + "\n")
    yield given("Parquet of 4 KB: a text of 10,000 letters in 300,000 rows", "b.parquet", _one_text(300_000, 10_000))
    yield given("Parquet: a text of 100,000 letters in 20,000,000 rows", "b.parquet", _one_text(20_000_000, 100_000))
    row = ",".join(["1"] * 100) + "\n"
    head = ",".join(f"c{at}" for at in range(100)) + "\n" + row.replace("1", '"1"', 1)
    packed = gzip.compress((row * 5_000).encode(), 9)
    yield given(
        "gzip of 1.6 MB: 200 million cells after a quotation mark",
        "c.csv.gz",
        gzip.compress(head.encode()) + packed * 400,
    )
    text = gzip.compress(b'1,"a\nb"\n' * 100_000, 9)
    yield given("gzip: 40 million rows of text with line ends", "d.csv.gz", gzip.compress(b"a,memo\n") + text * 400)


def _zoned(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    return frame.assign(time=frame["time"].dt.tz_localize(zone))


def _csv_of(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False))


def _parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


def _one_text(rows: int, letters: int) -> bytes:
    """A text that stands in the file once and in the table in each row."""
    file = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * letters]))
    columns = {"time": np.zeros(rows, np.int64), "lot": texts, "a": np.ones(rows)}
    parquet.write_table(pa.table(columns), file, store_schema=False)
    return file.getvalue()


def _options(path: str, detector: list[str]) -> Iterator[Case]:
    good = ["detect", path]
    yield "a feature that is not there", [*good, *detector, "--features", "pressure"]
    yield "a feature that holds text", [*good, *detector, "--features", "time"]
    yield "a time column that is not there", [*good, *detector, "--time", "when"]
    yield "a group column that is not there", [*good, *detector, "--group", "tool"]
    yield "a label column that is not there", [*good, *detector, "--label", "bad"]
    yield "a sensor as label", [*good, *detector, "--label", "a"]
    yield "contamination 0", [*good, *detector, "--contamination", "0"]
    yield "contamination above a half", [*good, *detector, "--contamination", "0.9"]
    yield "contamination that is not a number", [*good, *detector, "--contamination", "many"]
    yield "no reference rows", [*good, *detector, "--reference-rows", "0"]
    yield "a reference that is not there", [*good, *detector, "--reference", "normal.csv"]
    yield "a detector that does not exist", [*good, "--detector", "isolationforest"]
    yield "a checkpoint that does not exist", [*good, "--checkpoint", "MOMENT-9"]
    yield "a path as checkpoint", [*good, "--checkpoint", "../../etc"]
    yield "a GPU that is not there", [*good, "--device", "cuda"]
    yield "an output of unknown kind", [*good, *detector, "--output", "out.docx"]
    yield "an output in no folder", [*good, *detector, "--output", "no/such/out.csv"]
    yield "compare without a label", ["compare", path]


def _first(folder: Path) -> str:
    path = folder / "first.csv"
    path.write_text(_csv(200))
    return str(path)


def answer(arguments: list[str]) -> tuple[int, str]:
    """Exit code and what was said on stderr."""
    output = io.StringIO()
    with contextlib.redirect_stderr(output), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = waferwatch(arguments)
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
    return code, output.getvalue()


def answer_of_a_child(arguments: list[str]) -> tuple[int, str, int]:
    """As ``answer``, in a process of its own, and the most memory that it took, in MB."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(send, arguments))
    child.start()
    send.close()
    try:
        code, output, peak = receive.recv()
    except EOFError:  # the process was ended
        code, output, peak = 1, f"ended by signal {child.exitcode}", 0
    child.join()
    return code, output, peak


def _tell(send: Connection, arguments: list[str]) -> None:
    try:
        code, output = answer(arguments)
    except BaseException:
        code, output = 1, traceback.format_exc()
    send.send((code, output, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def line(what: str, code: int, output: str, peak: int, folder: Path) -> str:
    """The row of the table: for refusals the sentence, for results the notes."""
    output = output.replace(f"{folder}{os.sep}", "").replace(str(folder), "data")
    lines = [text for text in output.splitlines() if text.strip()]
    if code == 0:
        kept = [text for text in lines if text.startswith("Note:")] or ["judged, nothing to say"]
    else:
        kept = [text for text in lines if text.startswith("waferwatch")] or lines[-1:]
    text = " ".join(kept).replace("waferwatch: ", "").replace("|", "\\|").replace("<", "&lt;")
    return f"| {what} | {code} | {_rounded(peak)} | {text} |"


def _rounded(peak: int) -> str:
    """Below 300 MB it is the program itself."""
    return "-" if peak < 300 else f"{round(peak, -2):,} MB"


def main() -> int:
    os.environ.setdefault("WAFERWATCH_MAX_TABLE_MB", "400")  # as on a server; a user's own file may take more
    print(
        "# Bad inputs\n\nWhat `waferwatch detect` answers; exit code 0: judged, 2: refused; memory: the most that the"
    )
    print(
        "process took, where it is more than the program itself. Tables are bounded as on a server, at 400 MB. Made by"
    )
    print("`python benchmarks/bad_inputs.py > docs/bad-inputs.md`.\n")
    print("| input | exit code | memory | answer |\n|---|---|---|---|")
    codes: list[int] = []
    most = 0
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        answer(["detect", _first(folder), "--detector", "squared_difference"])  # imports, which each child then has
        for what, arguments in cases(folder):
            code, output, peak = answer_of_a_child(arguments)
            codes.append(code)
            most = max(most, peak)
            if code not in (0, 2) or "Traceback" in output or peak > MOST_MB:
                faults.append(what)
            print(line(what, code, output, peak, folder))
    summary: dict[str, object] = {
        "cases": len(codes),
        "refused": codes.count(2),
        "judged": codes.count(0),
        "faults": faults,
    }
    summary["most_mb"] = most
    print(json.dumps(summary), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
