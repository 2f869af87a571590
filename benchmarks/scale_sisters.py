"""The parts of benchmarks/scale.py on sisters: what a new chamber loses without a model of its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import waferwatch


def sisters(options: argparse.Namespace, _folder: Path) -> dict[str, Any]:
    """What a chamber's own model is worth against those of its sisters, in the virtual fab with labelled faults."""
    from waferwatch.monitors.golden.golden_set import choose
    from waferwatch.monitors.learn import learn
    from waferwatch.read.frames import table_from_frame
    from waferwatch.scale.units import adopting

    reference, rows = 4000, []
    for seed in range(options.seed, options.seed + options.repeats):
        frame = waferwatch.generate(rows=60_000, equipment=5, seed=seed)
        chambers = {name: mine.reset_index(drop=True) for name, mine in frame.groupby("equipment")}
        golden = {
            name: table_from_frame(mine[:reference].drop(columns=["anomaly", "fault_kind"]))
            for name, mine in chambers.items()
        }
        own = {name: learn(choose(table), detector=options.detector).model for name, table in golden.items()}
        for name, mine in chambers.items():
            others = {other: model for other, model in own.items() if other != name}
            tried: dict[str, Any] = {"own": own[name]}
            first, scope = next((model, next(iter(model.fitted.parts))) for model in others.values())
            tried["a sister's as it is"] = adopting.as_for(first, scope, (name,))
            for wafers in (5, 8, 12):
                every = [
                    adopting._taken_over(model, sister, (name,), golden[name], wafers)
                    for model, sister in adopting._sisters(others)
                ]
                best = max(every, key=lambda one: one.sharpness)
                tried[f"best sister's, {wafers} wafers of a recipe"] = best.model
                few = adopting._first_wafers(own[name], golden[name], wafers)
                alone = learn(choose(few), detector=options.detector).model
                tried[f"first wafers alone, {wafers} wafers of a recipe"] = alone
            for title, model in tried.items():
                rows.append({"model": title, **_judged(model, mine[reference:].reset_index(drop=True))})
    table = pd.DataFrame(rows).groupby("model").mean().round(4)
    print(table.to_string(), file=sys.stderr)
    return {"means": table.to_dict("index"), "chambers": 5 * options.repeats}


def _judged(model: Any, frame: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import average_precision_score

    label = frame["anomaly"].to_numpy()
    found = model.detect(frame.drop(columns=["anomaly", "fault_kind"]))
    known = np.isfinite(found.scores)
    return {
        "auc_pr": float(average_precision_score(label[known], found.scores[known])),
        "rows_found": float(found.flags[label == 1].mean()),
        "rows_false": float(found.flags[label == 0].mean()),
    }
