"""Windows per second of waferwatch's engine and of momentfm, on the same random weights, in turns, on this machine.

    pip install --no-deps momentfm==0.1.4 && pip install -e ".[torch]" transformers
    python benchmarks/moment_speed.py [--size small|embedded] [--windows 64] [--repeats 7] [--threads 0]

Both run the whole reconstruction of every window on the CPU in float32 with the same number of threads; momentfm gets
its batch size from the best of several, ours takes its own. Ends in one JSON line. Without momentfm it says so and
measures only waferwatch.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint
from waferwatch.models.moment.checkpoints.export import export_checkpoint
from waferwatch.models.moment.config import MomentConfig
from waferwatch.models.moment.network import MomentNetwork
from waferwatch.models.moment.runners.engine import Engine

SIZES = {
    "small": MomentConfig(d_model=512, d_kv=64, d_ff=1024, num_layers=8, num_heads=6),
    "embedded": MomentConfig(d_model=128, d_kv=32, d_ff=256, num_layers=4, num_heads=4),
}
THEIR_BATCHES = (1, 8, 16, 32, 64)


def momentfm_of(model: MomentNetwork) -> Any | None:
    """The reference implementation with the weights of ``model``; None where momentfm is not installed."""
    try:
        from momentfm import MOMENT
    except ImportError:
        return None
    config = model.config
    theirs = MOMENT(
        {
            "task_name": "reconstruction",
            "transformer_backbone": "google/flan-t5-small",
            "transformer_type": "encoder_only",
            "d_model": config.d_model,
            "seq_len": config.seq_len,
            "patch_len": config.patch_len,
            "patch_stride_len": config.patch_len,
            "t5_config": {**config.to_dict(), "vocab_size": 8, "feed_forward_proj": "gated-gelu", "use_cache": False},
        },
        model_kwargs={},
    ).eval()
    theirs.load_state_dict(model.state_dict(), strict=False)
    return theirs


def speed(run: Callable[[], object], windows: int) -> float:
    start = time.perf_counter()
    run()
    return windows / (time.perf_counter() - start)


def measure(model: MomentNetwork, checkpoint: Checkpoint, options: argparse.Namespace) -> dict[str, Any]:
    """Best and median windows per second of each, run in turns so that other load of the machine meets both."""
    x = np.random.default_rng(0).standard_normal((options.windows, 512)).astype(np.float32)
    patches = np.ones((options.windows, 64), np.float32)
    engine = Engine(checkpoint, "cpu", options.threads)
    rates: dict[str, list[float]] = {"waferwatch": []}
    ours: dict[str, np.ndarray] = {}

    def run_ours() -> None:
        ours.update(engine.run(x, patches, patches, outputs=("restored",)))

    theirs = momentfm_of(model)
    points = torch.ones(options.windows, 512)
    got = torch.zeros(options.windows, 512)

    def run_theirs(batch: int) -> None:
        with torch.inference_mode():
            for start in range(0, options.windows, batch):
                part = slice(start, start + batch)
                inputs = {"x_enc": torch.from_numpy(x[part])[:, None], "input_mask": points[part], "mask": points[part]}
                got[part] = theirs.reconstruction(**inputs).reconstruction[:, 0]

    for _ in range(options.repeats):
        rates["waferwatch"].append(speed(run_ours, options.windows))
        for batch in THEIR_BATCHES if theirs is not None else ():
            rates.setdefault(f"momentfm, {batch} at once", []).append(
                speed(lambda batch=batch: run_theirs(batch), options.windows)
            )
    return {
        "device": engine.device,
        "windows_per_s": {
            name: {"best": round(max(found), 1), "median": round(statistics.median(found), 1)}
            for name, found in rates.items()
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the speed of waferwatch's MOMENT with momentfm's.")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--windows", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: every core")
    options = parser.parse_args()
    torch.set_num_threads(options.threads or os.cpu_count() or 1)
    torch.manual_seed(0)
    model = MomentNetwork(SIZES[options.size]).eval()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = export_checkpoint(model, Path(folder) / "speed", name="speed", card={}, with_weights=False)
        result = measure(model, checkpoint, options)
    rates = result["windows_per_s"]
    theirs = {key: [rate[key] for name, rate in rates.items() if name != "waferwatch"] for key in ("best", "median")}
    if not theirs["best"]:
        print("momentfm is not installed, so there is no ratio; the top of this file says how.", file=sys.stderr)
    for name, rate in rates.items():
        print(f"{name:<24} best {rate['best']:>8}  median {rate['median']:>8} windows/s", file=sys.stderr)
    ratio = {key: round(rates["waferwatch"][key] / max(found), 2) for key, found in theirs.items() if found}
    print(json.dumps({"size": options.size, "torch": torch.__version__, **result, "ratio": ratio or None}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
