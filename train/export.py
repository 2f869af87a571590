"""Turn a finished run into the checkpoint that the package ships.

    python -m train.export --run train/runs/first --name waferwatch-1
    python -m train.export --run train/runs/third --name mixed --mix-with waferwatch-1 --share 0.5

Writes model.onnx and checkpoint.json, with the training card, into the package's checkpoint folder. A run that went on
from a checkpoint may be averaged with it, weight by weight: what the run learnt of its own series then costs less of
what was known of others ("Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from train.batches import BatchRecipe
from train.corpus import FAB_ROWS, FAB_SEEDS, FAMILIES
from train.faults import FAULTS
from train.pretrain import VALIDATION_BATCHES, Run, Schedule, new_run
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.checkpoint import EMBEDDED_FOLDER, Checkpoint
from waferwatch.models.moment.checkpoints.export import export_checkpoint
from waferwatch.models.moment.network import MomentNetwork


def card(run: Run) -> dict[str, Any]:
    """What one should know of a checkpoint before trusting it."""
    log = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    earlier = run.folder / "started_from.json"
    return {
        "trained_on": "series made by train/: generic shapes and virtual-fab traces, with faults put in; no real data",
        "objective": "restore the fault-free series from a faulty, partly hidden window; point out the faulty points",
        "families": _shares((family.__name__, weight) for family, weight in FAMILIES.items()),
        "faults": _shares((fault.__name__, weight) for fault, weight in FAULTS.items()),
        "virtual_fab": {"seeds": [FAB_SEEDS.start, FAB_SEEDS.stop - 1], "rows_each": FAB_ROWS},
        "windows_seen": run.step * run.recipe.windows,
        "steps": run.step,
        "finished_schedule": run.step == run.steps,
        "seconds": round(run.seconds),
        "hardware": settings_of(run.folder)["hardware"],
        "schedule": asdict(run.schedule),
        "recipe": asdict(run.recipe),
        "training": _last(log, "restore"),
        "validation": {"windows": VALIDATION_BATCHES * run.recipe.windows, **(_last(log, "validation") or {})},
        "started_from": json.loads(earlier.read_text()) if earlier.exists() else None,
        "exported": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _shares(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    found = dict(weights)
    total = sum(found.values())
    return {name: round(weight / total, 3) for name, weight in found.items()}


def _last(log: list[dict[str, Any]], key: str) -> dict[str, Any] | None:
    return next((entry for entry in reversed(log) if key in entry), None)


def settings_of(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return settings


def run_of(folder: Path) -> Run:
    """The run that a folder holds, with the settings it was started with."""
    settings = settings_of(folder)
    return new_run(folder, Schedule(**settings["schedule"]), BatchRecipe(**settings["recipe"]))


def mix(model: MomentNetwork, other: Checkpoint, share: float) -> None:
    """Put a weighted mean of the network's and a checkpoint's weights into the network.

    Args:
        model: changed in place; on the CPU.
        other: of the same sizes, with weights for torch.
        share: of the network, 0 to 1; the checkpoint has the rest.
    """
    weights: dict[str, Tensor] = load_file(other.weights())
    state = model.state_dict()
    with torch.no_grad():
        for name, value in weights.items():
            state[name].copy_(torch.lerp(value, state[name], share))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Export a training run as the embedded checkpoint.")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--folder", type=Path, default=EMBEDDED_FOLDER, help="parent folder of the checkpoint")
    parser.add_argument("--mix-with", metavar="CHECKPOINT", help="average the weights with those of a checkpoint")
    parser.add_argument("--share", type=float, default=0.5, help="of the run in the average (default: %(default)s)")
    options = parser.parse_args(argv)
    run = run_of(options.run)
    model, told = run.model.cpu().eval(), card(run)
    if options.mix_with:
        other = checkpoints.find(options.mix_with)
        mix(model, other, options.share)
        told["mixed_with"] = {"checkpoint": other.name, "sha256": other.weights_sha256, "share": 1 - options.share}
    checkpoint = export_checkpoint(model, options.folder / options.name, name=options.name, card=told)
    print(f"{checkpoint.name}: sha256 {checkpoint.sha256} in {checkpoint.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
