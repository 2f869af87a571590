"""How long a large CSV takes to read, and how much memory, compared with another version of waferwatch.

    python benchmarks/reading.py --other ANOTHER_CHECKOUT/src --rows 1000000 --sensors 10 --repeats 5

Each read is a process of its own, the two versions in turn; medians and their ratio. The peak is the process's above
what it held before it read; the data are what the table holds. The last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

_READ = """
import json, resource, sys, time
from waferwatch.read.files import read_table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
table = read_table(sys.argv[1])
took = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"seconds": took, "peak_mb": peak / 1e3, "data_mb": table.frame.memory_usage().sum() / 1e6}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a large CSV takes to read.")
    parser.add_argument("--other", type=Path, required=True, metavar="SRC", help="src of another version")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sensors", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    sources = {"this": Path(__file__).parent.parent / "src", "other": options.other}
    reads: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.csv"
        _made(options.rows, options.sensors).to_csv(path, index=False)
        for _ in range(options.repeats):
            for name, source in sources.items():
                reads[name].append(_read(source, path))
    found = {name: {key: median(one[key] for one in mine) for key in mine[0]} for name, mine in reads.items()}
    found["ratio"] = {key: found["this"][key] / found["other"][key] for key in ("seconds", "peak_mb")}
    print(json.dumps(found))


def _made(rows: int, sensors: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    times = pd.date_range("2026-01-05 08:00:00", periods=rows, freq="100ms")
    columns = {f"sensor_{number}": random.normal(size=rows).round(4) for number in range(sensors)}
    return pd.DataFrame({"time": times.strftime("%Y-%m-%d %H:%M:%S.%f"), "equipment": "ETCH-01", **columns})


def _read(source: Path, path: Path) -> dict[str, float]:
    environment = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run([sys.executable, "-c", _READ, str(path)], env=environment, capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
