"""Made tables of many sensors: one faulty sensor found, and false events, by the width of the table.

    python benchmarks/wide_tables.py
    python benchmarks/wide_tables.py --widths 100 1000 --rows 1000 --seeds 4 --detector moment

Sensors are independent, share five factors, have heavy tails (Student's t with three degrees of freedom), or share
factors and lack cells; one of them is off by some spreads for some rows. Once the first half of the rows is known
to be normal, once nothing is. A fault counts as found where an event overlaps it; other events are false.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import waferwatch

KINDS = ("independent", "factors", "heavy", "missing")
FAULTS = ((0, 0), (12, 1), (6, 10), (12, 10), (6, 50), (12, 50))  # spreads, rows
BEGINS = 0.75  # share of the rows that stand before the fault


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--widths", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--detector", default="statistical")
    options = parser.parse_args(arguments)
    print(f"{'sensors':>8} {'known':>6} {'fault':>12} {'found':>9} {'first':>6} {'false events':>13}")
    document = []
    for width in options.widths:
        for known in (options.rows // 2, None):
            for size, rows in FAULTS:
                tables = [(kind, seed) for kind in KINDS for seed in range(options.seeds)]
                judged = [
                    one_table(table(kind, seed, options.rows, width), size, rows, known, options.detector)
                    for kind, seed in tables
                ]
                found, first, false = (sum(column) for column in zip(*judged, strict=True))
                print(
                    f"{width:8} {known or 'none':>6} {f'{size} x {rows}':>12} {found:3} of {len(tables)} {first:6} "
                    f"{false:13}",
                    flush=True,
                )
                document.append(
                    {"sensors": width, "known": known, "fault": [size, rows], "found": found, "false": false}
                )
    print(json.dumps({"rows": options.rows, "detector": options.detector, "tables": document}))
    return 0


def table(kind: str, seed: int, rows: int, width: int) -> NDArray[np.float64]:
    """(rows, width) without a fault; NaN where a cell is missing."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    own = rng.standard_t(3, (rows, width)) / np.sqrt(3) if kind == "heavy" else rng.standard_normal((rows, width))
    if kind in ("independent", "heavy"):
        return own
    factors = np.zeros((rows, 5))
    for row in range(1, rows):
        factors[row] = 0.9 * factors[row - 1] + np.sqrt(0.19) * rng.standard_normal(5)
    weights = rng.standard_normal((5, width))
    values: NDArray[np.float64] = np.sqrt(0.7) * factors @ (weights / np.linalg.norm(weights, axis=0))
    values += np.sqrt(0.3) * own
    if kind == "missing":
        values[rng.random(values.shape) < rng.choice([0.0, 0.02, 0.3], width)] = np.nan
        values[:, rng.random(width) < 0.15] = 0.0
    return values


def one_table(
    values: NDArray[np.float64], size: int, rows: int, known: int | None, detector: str
) -> tuple[bool, bool, int]:
    """Whether the fault is found, whether its sensor leads the event, and how many other events there are."""
    faulty = int(np.flatnonzero(np.nanstd(values, axis=0) > 0)[-1])
    start = int(BEGINS * len(values))
    values[start : start + rows, faulty] += size
    frame = pd.DataFrame(values, columns=[f"s{number}" for number in range(values.shape[1])])
    frame.insert(0, "time", pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(frame)), unit="s"))
    found = waferwatch.detect(frame, reference_rows=known, detector=detector)
    hits = [one for one in found.events if rows and one.start_row < start + rows and one.end_row >= start]
    leads = any(one.sensors[0].sensor == f"s{faulty}" for one in hits)
    return bool(hits), leads, len(found.events) - len(hits)


if __name__ == "__main__":
    raise SystemExit(main())
