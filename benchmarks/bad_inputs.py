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
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from waferwatch.cli import main as waferwatch

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
    yield "a folder", ["detect", str(folder), *detector]
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
    yield given("script in a column name", "script.csv", _csv(50).replace("a,b", "<script>alert(1)</script>,b"))


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
    yield "contamination that is no number", [*good, *detector, "--contamination", "many"]
    yield "no reference rows", [*good, *detector, "--reference-rows", "0"]
    yield "a reference that is not there", [*good, *detector, "--reference", "normal.csv"]
    yield "a detector that does not exist", [*good, "--detector", "isolationforest"]
    yield "a checkpoint that does not exist", [*good, "--checkpoint", "MOMENT-9"]
    yield "a path as checkpoint", [*good, "--checkpoint", "../../etc"]
    yield "a GPU that is not there", [*good, "--device", "cuda"]
    yield "an output of unknown kind", [*good, *detector, "--output", "out.docx"]
    yield "an output in no folder", [*good, *detector, "--output", "no/such/out.csv"]
    yield "compare without a label", ["compare", path]


def answer(arguments: list[str]) -> tuple[int, str]:
    """Exit code and what was said on stderr."""
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = waferwatch(arguments)
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
    return code, told.getvalue()


def line(what: str, code: int, told: str, folder: Path) -> str:
    """The row of the table: for refusals the sentence, for results the notes."""
    told = told.replace(f"{folder}{os.sep}", "").replace(str(folder), "data")
    lines = [text for text in told.splitlines() if text.strip()]
    if code == 0:
        kept = [text for text in lines if text.startswith("Note:")] or ["judged, nothing to say"]
    else:
        kept = [text for text in lines if text.startswith("waferwatch")] or lines[-1:]
    text = " ".join(kept).replace("waferwatch: ", "").replace("|", "\\|").replace("<", "&lt;")
    return f"| {what} | {code} | {text} |"


def main() -> int:
    print("# Bad inputs\n\nWhat `waferwatch detect` answers; exit code 0: judged, 2: refused. Made by")
    print("`python benchmarks/bad_inputs.py > docs/bad-inputs.md`.\n")
    print("| input | exit code | answer |\n|---|---|---|")
    codes: list[int] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for what, arguments in cases(folder):
            code, told = answer(arguments)
            codes.append(code)
            if code not in (0, 2) or "Traceback" in told:
                faults.append(what)
            print(line(what, code, told, folder))
    summary = {"cases": len(codes), "refused": codes.count(2), "judged": codes.count(0), "faults": faults}
    print(json.dumps(summary), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
