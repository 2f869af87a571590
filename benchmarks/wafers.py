"""Wafer verdicts: found and false, compared with ten lines of pandas and others on the same indicators.

python benchmarks/wafers.py made [--first 0] [--seeds 10] [--kinds mean,shape] [--strengths 2,4]
    [--without t2,spe] [--detector statistical]
python benchmarks/wafers.py fab ETCH_LABELLED.csv.gz [--mode reference|nothing]
python benchmarks/wafers.py runs FILE.parquet
python benchmarks/wafers.py maintenance after_maintenance.csv.gz
python benchmarks/wafers.py cost
python benchmarks/wafers.py week [--first 0] [--seeds 10]
python benchmarks/wafers.py faultless [--first 1] [--seeds 4] [--reference-rows 6000]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd
from made_wafers import MAIN, SENSORS, STEPS, MadeFault, made, random_fault
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

import waferwatch
from waferwatch.indicators.learnt import wafer_model

# What a fault shows as: with sensor and chamber its fingerprint.
SIGNS = {"mean": "up", "drift": "up", "shape": "other", "timing": "other", "length": "up", "stuck": "stuck"}
KEY = ["equipment", "lot", "wafer"]
STRENGTHS = "1,2,4,8"  # spreads: between wafers of means, between rows of shapes
DETECTOR = "statistical"  # MOMENT's network is not run where steps are known: the same numbers in less time


def counted(score: pd.Series, flagged: pd.Series, bad: pd.Series) -> tuple[float, int, int]:
    """AP, wafers found, good ones flagged."""
    bad = bad.reindex(score.index)
    return average_precision_score(bad, score.fillna(0)), int((flagged & bad).sum()), int((flagged & ~bad).sum())


class Peers:
    """Other methods, which learn from the normal wafers of each chamber once and flag at 1.1 times their highest score.

    Args:
        frame: with these wafers in it.
        normal: (rows,) whether a row is of one of them.
    """

    def __init__(self, frame: pd.DataFrame, normal: np.ndarray, sensors: list[str]) -> None:
        self._sensors = sensors
        self._by = ["equipment", "recipe", "step"]
        normal = pd.Series(normal).groupby([frame[name] for name in KEY], sort=False).transform("all").to_numpy()
        known = frame[normal].groupby([*KEY, "recipe", "step"], sort=False)[sensors].mean()
        self._centre = known.groupby(self._by).median()
        off = (known - self._centre.reindex(known.droplevel(["lot", "wafer"]).index).to_numpy()).abs()
        self._spread = 1.4826 * off.groupby(self._by).median()
        wide = self._wide(frame[normal])
        by_tool = wide.groupby(level=0)
        self._middle, self._width = by_tool.mean(), by_tool.std(ddof=0).replace(0.0, 1.0)
        values = self._scaled(wide)
        self._forest = IsolationForest(n_estimators=200, random_state=0).fit(values)
        _, lengths, axes = np.linalg.svd(values, full_matrices=False)
        self._axes, self._lengths = axes[:10], lengths[:10] ** 2 / len(values)
        self._most = 1.0, 1.0
        self._most = tuple(float(part.max()) for part in self._parts(values))
        self._limits = {name: 1.1 * score.max() for name, score in self.scores(frame[normal]).items()}

    def scores(self, frame: pd.DataFrame) -> dict[str, pd.Series]:
        """Of every wafer; all but the ten lines see step means and spreads."""
        wide = self._wide(frame)
        values = self._scaled(wide)
        t2, spe = self._parts(values)
        return {
            "ten lines": self._ten_lines(frame),
            "forest": pd.Series(-self._forest.score_samples(values), wide.index),
            "T2+SPE": pd.Series(t2 / self._most[0] + spe / self._most[1], wide.index),
        }

    def counted(self, frame: pd.DataFrame, bad: pd.Series) -> dict[str, tuple[float, int, int]]:
        """By method, what :func:`counted` says."""
        return {name: counted(score, score > self._limits[name], bad) for name, score in self.scores(frame).items()}

    def _ten_lines(self, frame: pd.DataFrame) -> pd.Series:
        """Classic FDC: the largest robust z of any step mean, by chamber and recipe."""
        means = frame.groupby([*KEY, "recipe", "step"], sort=False)[self._sensors].mean()
        index = means.droplevel(["lot", "wafer"]).index
        spread = self._spread.reindex(index).clip(lower=1e-9).to_numpy()
        z = (means - self._centre.reindex(index).to_numpy()).abs() / spread
        return z.max(axis=1).groupby(KEY, sort=False).max()

    def _wide(self, frame: pd.DataFrame) -> pd.DataFrame:
        wide = frame.groupby([*KEY, "step"], sort=False)[self._sensors].agg(["mean", "std"]).unstack("step")
        return wide.loc[~wide.index.duplicated()].sort_index(axis=1).fillna(0.0)

    def _scaled(self, wide: pd.DataFrame) -> np.ndarray:
        tool = wide.index.get_level_values(0)
        return (wide.to_numpy() - self._middle.reindex(tool).to_numpy()) / self._width.reindex(tool).to_numpy()

    def _parts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = values @ self._axes.T
        return (parts**2 / self._lengths).sum(axis=1), (values**2).sum(axis=1) - (parts**2).sum(axis=1)


def ours(found: waferwatch.Detection, bad: pd.Series) -> tuple[float, int, int]:
    index = pd.MultiIndex.from_tuples([(run.equipment, run.lot, run.wafer) for run in found.runs], names=KEY)
    score = pd.Series([run.score for run in found.runs], index)
    flagged = pd.Series([run.abnormal for run in found.runs], index)
    return counted(score, flagged, bad)


def run_made(first: int, seeds: int, kinds: list[str], strengths: list[float], detector: str) -> None:
    """Ten faulty wafers a seed (three of shape, relation, timing and length) among 160 of two chambers.

    Each chamber's first wafers are known to be normal. They are the same whatever is wrong later, so each seed is
    learnt from once.
    """
    found: dict[tuple[str, int], dict[str, list[tuple]]] = {}
    for seed in range(first, first + seeds):
        clean = made(seed)[0].astype({"wafer": str})
        model = waferwatch.fit(clean[_golden(clean)], detector=detector)
        peers = Peers(clean, _golden(clean), list(SENSORS))
        for kind, strength in [(kind, strength) for kind in kinds for strength in strengths]:
            frame, wrong = made(seed, faults=(random_fault(seed, kind, strength),))
            frame["wafer"] = frame["wafer"].astype(str)
            bad = pd.Series(wrong).groupby([frame[name] for name in KEY], sort=False).max()
            one = {"waferwatch": ours(model.detect(frame), bad), **peers.counted(frame, bad)}
            for name, counts in one.items():
                found.setdefault((kind, strength), {}).setdefault(name, []).append((*counts, int(bad.sum())))
        print(f"\nseeds {first} to {seed}")  # a run that is stopped has a table, too
        _table(found)


def _golden(frame: pd.DataFrame) -> np.ndarray:
    """(rows,) whether a row is of a chamber's first 35 wafers."""
    number = frame.groupby(KEY, sort=False).ngroup()
    return (number - number.groupby(frame["equipment"]).transform("min") < 35).to_numpy()


def _table(found: dict[tuple[str, int], dict[str, list[tuple]]]) -> None:
    every: dict[str, np.ndarray] = {}
    print(f"{'fault':>12} {'method':>10} {'AP':>5} {'found':>9} {'false':>5}")
    for (kind, strength), rows in found.items():
        for name, each in rows.items():
            ap, *counts = np.array(each).T
            hits, false, total = (int(part.sum()) for part in counts)
            every[name] = every.get(name, np.zeros(3, int)) + np.array([hits, false, total])
            print(f"{f'{kind} {strength:g}':>12} {name:>10} {ap.mean():5.2f} {hits:4d}/{total:<4d} {false:5d}")
    for name, (hits, false, total) in every.items():
        print(f"{'all':>12} {name:>10}       {hits:4d}/{total:<4d} {false:5d}", flush=True)


def run_fab(path: str, mode: str) -> None:
    frame = pd.read_csv(path, encoding="utf-8-sig")
    frame.columns = ["time", *KEY, "recipe", "step", *frame.columns[6:-1], "label"]
    sensors = list(frame.columns[6:-1])
    bad = frame["label"].astype(bool).groupby([frame[name] for name in KEY], sort=False).max()
    clock = pd.to_datetime(frame["time"])
    early = (clock < clock.min() + pd.Timedelta(hours=4)).to_numpy()
    data = frame.drop(columns="label")
    known = {"reference": data[early]} if mode == "reference" else {}
    found = waferwatch.detect(data, detector=DETECTOR, **known)
    print(f"{int(bad.sum())} bad of {len(bad)} wafers")
    print("waferwatch", ours(found, bad))
    for name, one in Peers(data, early, sensors).counted(data, bad).items():
        print(name, one)
    for one in found.problems:
        print(f"P-{one.number} {one.severity.value} {one.title} | onset {one.onset} | alone {one.alone.value}")


def run_runs(path: str) -> None:
    """Run data with one label a run: AP, found and false at the automatic limits, with nothing known."""
    frame = pd.read_parquet(path)
    labels = frame.groupby("run_id", sort=False)["label"].max().astype(bool)
    data = frame.drop(columns="label").assign(run_id=frame["run_id"].astype(int).astype(str))
    step = {"step_number": "step"} if "step_number" in data else {"step": "ignored"}
    roles = {"run_id": "wafer", **step} | ({"step": "ignored"} if "step_number" in data else {})
    began = time.time()
    found = waferwatch.detect(data, roles=roles, detector=DETECTOR)
    score = np.array([run.score for run in found.runs])
    bad = labels.to_numpy()[: len(score)]
    flagged = np.array([run.abnormal for run in found.runs])
    ap = average_precision_score(bad, np.nan_to_num(score))
    hits = f"found {int((flagged & bad).sum())} of {int(bad.sum())}, false {int((flagged & ~bad).sum())}"
    took = time.time() - began
    print(f"{path}: {len(score)} runs, judged by {found.runs[0].judged_by}, AP {ap:.3f}, {hits}, {took:.0f} s")


def run_cost() -> None:
    """Indicators of 600 wafers x 10 sensors, 1,000,000 rows."""
    from waferwatch.indicators.cells import cells_of
    from waferwatch.indicators.indicators import indicators_of
    from waferwatch.indicators.judge import sensor_values
    from waferwatch.indicators.learnt.wafer_model import learn_wafers
    from waferwatch.read.frames import table_from_frame
    from waferwatch.read.table import Role

    rng = np.random.default_rng(0)
    rows, wafers = 1_000_000, 600
    at = np.arange(rows)
    wafer = at * wafers // rows
    step = (at - np.searchsorted(wafer, wafer)) * 6 // (rows // wafers + 1)
    frame = pd.DataFrame(rng.normal(step[:, None] * 10.0, 1.0, (rows, 10)), columns=[f"s{k}" for k in range(10)])
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(at + wafer * 50, unit="s")
    context = {"equipment": "PM1", "lot": wafer // 25, "wafer": wafer % 25 + 1, "recipe": "R", "step": step}
    frame = frame.assign(**{name: pd.Series(value, frame.index).astype(str) for name, value in context.items()})
    table = table_from_frame(frame)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    cells = cells_of(table)
    sensors = table.columns(Role.SENSOR)
    values = sensor_values(table, sensors)
    print(f"cells: {time.process_time() - began:.1f} s")
    began = time.process_time()
    model = learn_wafers(values, cells, sensors, np.ones(len(cells.runs), bool), np.full(len(cells.runs), np.nan), 1.0)
    print(f"limits: {time.process_time() - began:.1f} s")
    began = time.process_time()
    found = indicators_of(values, cells, sensors, model.course)
    off = model.deviations(found)
    print(f"indicators: {time.process_time() - began:.1f} s, verdicts of {len(cells.runs)} wafers, {off.off.shape}")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory above the table: {(after - before) / 1024:.0f} MB")


def run_maintenance(path: str) -> None:
    """Before and after the longest pause; the same with five wafers after it; wafers before it alone, cut in two."""
    frame = pd.read_csv(path, encoding="utf-8-sig")
    clock, wafer = pd.to_datetime(frame["timestamp"]), frame.groupby(["lot", "wafer"], sort=False).ngroup()
    at = int(clock.diff().argmax())
    begin = clock.groupby(wafer).min()
    late = int(wafer[at])
    cases = {
        "all wafers": (frame, clock[at]),
        "five wafers after it": (frame[wafer < late + 5], clock[at]),
        "before it alone, from wafer 61": (frame[wafer < late], begin[60]),
        "before it alone, from wafer 101": (frame[wafer < late], begin[100]),
    }
    for name, (rows, moment) in cases.items():
        found = waferwatch.before_after(rows, str(moment))
        print(f"{name}: {found.verdict}, {found.counts}")
        for row in found.frame[found.frame["verdict"].isin(["out", "settling", "settled"])].to_dict("records"):
            print(f"  {row['verdict']}: {row['sensor']} {row['statistic']} in {row['step']}")


def run_week(seed: int = 0) -> None:
    """Three chambers, 30 faults of six kinds: problems against faults."""
    rng = np.random.default_rng(seed)
    kinds = ("mean", "drift", "shape", "timing", "length", "stuck")
    faults = []
    for chamber in range(3):
        for number in range(10):
            kind = kinds[(chamber * 10 + number) % len(kinds)]
            sensor = int(rng.choice([0, 3, 4, 5]))
            strength = {"mean": 12, "drift": 20, "shape": 5, "timing": 12, "length": 8, "stuck": 1}[kind]
            faults.append(MadeFault(kind, chamber, 60 + 20 * number, int(rng.integers(2, 8)), strength, sensor))
    frame, _ = made(seed, chambers=3, wafers=270, faults=tuple(faults))
    frame["wafer"] = frame["wafer"].astype(str)
    normal = (frame.groupby("equipment").cumcount() < 50 * 84).to_numpy()
    found = waferwatch.detect(frame, reference=frame[normal], detector=DETECTOR)
    starts = frame.groupby(KEY, sort=False)["time"].min()
    used: dict[int, list[int]] = {number: [] for number in range(len(faults))}
    false = same = merged = first = 0
    errors = []
    order = {key: at for tool, mine in starts.groupby(level=0, sort=False) for at, key in enumerate(mine.index)}
    for one in found.problems:
        at = {order[(one.equipment, *name.split("/"))] for name in one.wafers}
        hit = [
            k
            for k, f in enumerate(faults)
            if f"PM{f.chamber + 1}" == one.equipment and at & set(range(f.first, f.first + f.wafers))
        ]
        prints = {(faults[k].sensor if faults[k].kind != "length" else -1, SIGNS[faults[k].kind]) for k in hit}
        merged += max(0, len(prints) - 1)
        same += max(0, len(hit) - len(prints))
        false += not hit
        for k in hit:
            used[k].append(one.number)
        if hit:
            fault = faults[hit[0]]
            first += one.sensor in (SENSORS[fault.sensor], "_length") or (fault.kind == "relation")
            key = starts[starts.index.get_level_values(0) == one.equipment].index[fault.first]
            rows = frame[(frame[KEY] == list(key)).all(axis=1) & (frame["step"] == STEPS[MAIN][0])]
            errors.append(abs((pd.Timestamp(one.onset) - rows["time"].iloc[0]).total_seconds()))
    missed = [faults[k].kind for k, mine in used.items() if not mine]
    split = sum(max(0, len(mine) - 1) for mine in used.values())
    counts = f"missed {len(missed)} {missed}, split {split}, one fingerprint {same}, merged {merged}, false {false}"
    print(f"{len(faults)} faults, {len(found.problems)} problems ({len(found.events)} events): {counts}")
    print(f"guilty sensor first in {first} of {len(errors)}, onset error {np.median(errors):.0f} s (median)")


def run_faultless(seed: int, reference_rows: int | None) -> None:
    """A virtual fab of three chambers and about 505 wafers without any fault: whatever is found is false."""
    frame = waferwatch.generate(60_000, 3, seed=seed, faults=False).drop(columns=["anomaly", "fault_kind"])
    found = waferwatch.detect(frame, detector=DETECTOR, reference_rows=reference_rows)
    abnormal, severities = sum(one.abnormal for one in found.runs), [one.severity.value for one in found.problems]
    counts = {name: severities.count(name) for name in ("severe", "clear", "weak")}
    print(
        f"seed {seed}: {abnormal} of {len(found.runs)} wafers abnormal, {len(severities)} problems {counts}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["made", "fab", "runs", "maintenance", "cost", "week", "faultless"])
    parser.add_argument("path", nargs="?")
    parser.add_argument("--first", type=int, default=0, help="the first seed of made wafers")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--kinds", default="mean,drift,shape,relation,timing,length")
    parser.add_argument("--strengths", default=STRENGTHS)
    parser.add_argument("--without", default="", help="statistics without a say in verdicts, such as t2,spe")
    parser.add_argument("--detector", default=DETECTOR)
    parser.add_argument("--mode", default="reference")
    parser.add_argument("--reference-rows", type=int, help="of each chamber, known to be normal (default: none)")
    options = parser.parse_args()
    wafer_model.NO_VERDICT += tuple(options.without.split(","))
    if options.what == "made":
        strengths = [float(one) for one in options.strengths.split(",")]
        run_made(options.first, options.seeds, options.kinds.split(","), strengths, options.detector)
    elif options.what == "fab":
        run_fab(options.path, options.mode)
    elif options.what == "runs":
        run_runs(options.path)
    elif options.what == "maintenance":
        run_maintenance(options.path)
    elif options.what == "week":
        for seed in range(options.first, options.first + options.seeds):
            run_week(seed)
    elif options.what == "faultless":
        for seed in range(options.first, options.first + options.seeds):
            run_faultless(seed, options.reference_rows)
    else:
        run_cost()


if __name__ == "__main__":
    sys.exit(main())
