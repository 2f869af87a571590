"""Pre-train the embedded checkpoint: restore the fault-free series from a faulty, partly hidden one, and find faults.

    python -m train.pretrain --run train/runs/first --windows 2_000_000          # about 90 minutes on 2 cores
    python -m train.pretrain --run train/runs/try --windows 2_000 --batch 32     # a minute, to see it work

The input carries the faults and the target is the fault-free series, so the network learns to draw what should have
been instead of copying what it sees; masking hides patches in half of the windows (MOMENT's own objective). A second
head is trained with cross-entropy on the points that a fault has changed. ``--token-weight`` adds the loss of
``train/tokens.py``; it is off, because what it gains on made series is not gained on real ones (docs/experiments.md).

Starting again with the same ``--run`` goes on exactly where the last saved state ended. The learning rate is constant
and falls to zero over the last two fifths of the windows (warm-up, stable, decay), so a run may be given more or fewer
windows while it is still in its stable part.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from train.batches import Batch, BatchRecipe, make_batch
from train.tokens import token_loss
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.config import MomentConfig
from waferwatch.models.moment.network import MomentNetwork, MomentOutput

EMBEDDED = MomentConfig(d_model=128, d_kv=32, d_ff=256, num_layers=4, num_heads=4, fault_head=True)
VALIDATION_SEED = 2**31 - 1  # far from any training seed
VALIDATION_BATCHES = 12


@dataclass(frozen=True)
class Schedule:
    """How long and how fast."""

    windows: int = 2_000_000
    seed: int = 1
    learning_rate: float = 1.5e-3
    warmup_steps: int = 300
    decay_share: float = 0.4
    weight_decay: float = 0.02
    clip_norm: float = 1.0
    token_weight: float = 0.0  # of the tokens' loss beside restoring and the fault head

    def steps(self, batch: int) -> int:
        return max(1, self.windows // batch)

    def rate(self, step: int, batch: int) -> float:
        """Learning rate of a step, counted from 0."""
        steps = self.steps(batch)
        decay = max(1, round(self.decay_share * steps))
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return self.learning_rate * warm * min(1.0, (steps - step) / decay)


class Stream(Dataset[Batch]):
    """Batches by number, for a loader that makes them beside the training."""

    def __init__(self, seed: int, recipe: BatchRecipe) -> None:
        self.seed, self.recipe = seed, recipe

    def __getitem__(self, index: int) -> Batch:
        return make_batch(self.seed, index, self.recipe)


def losses(output: MomentOutput, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Restoring error over observed points and cross-entropy of the fault head.

    Hidden points count twice in the restoring error and faulty ones four times: they are few, and copying all that is
    visible would otherwise be a comfortable answer.
    """
    patch_points = batch["x"].shape[1] // batch["observed"].shape[1]
    observed = batch["observed"].repeat_interleave(patch_points, 1)
    weight = observed * (2 - batch["visible"].repeat_interleave(patch_points, 1)) * (1 + 3 * batch["label"])
    error = F.smooth_l1_loss(output.restored.float(), batch["target"], reduction="none", beta=0.5)
    restore = (error * weight).sum() / weight.sum()
    if output.fault_logit is None:
        raise ValueError("Pre-training needs a network with a fault head.")
    entropy = F.binary_cross_entropy_with_logits(output.fault_logit.float(), batch["label"], reduction="none")
    return restore, (entropy * observed).sum() / observed.sum()


def usable_patches(batch: dict[str, Tensor]) -> Tensor:
    return batch["observed"] * batch["visible"]


def initialise(model: MomentNetwork) -> None:
    """T5's initial weights: attention scores are not scaled, so the query weights start smaller by that factor."""
    config = model.config
    for name, parameter in model.named_parameters():
        kind = name.split(".")[-2]
        if kind == "q":
            nn.init.normal_(parameter, std=(config.d_model * config.d_kv) ** -0.5)
        elif kind in {"k", "v", "wi_0", "wi_1", "relative_attention_bias"}:
            nn.init.normal_(parameter, std=config.d_model**-0.5)
        elif kind == "o":
            nn.init.normal_(parameter, std=(config.num_heads * config.d_kv) ** -0.5)
        elif kind == "wo":
            nn.init.normal_(parameter, std=config.d_ff**-0.5)
        elif name.endswith("mask_embedding"):
            nn.init.normal_(parameter, std=0.02)


def make_optimizer(model: MomentNetwork, schedule: Schedule) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": schedule.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate, betas=(0.9, 0.98))


def tensors(batch: Batch, device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values).to(device) for name, values in vars(batch).items()}


@torch.no_grad()
def validate(model: MomentNetwork, recipe: BatchRecipe, device: torch.device) -> dict[str, float]:
    """Losses and the fault head's average precision over points, on windows that training never sees."""
    model.eval()
    labels, logits, sums = [], [], np.zeros(3)
    for index in range(VALIDATION_BATCHES):
        batch = tensors(make_batch(VALIDATION_SEED, index, recipe), device)
        output = model(batch["x"], batch["observed"], batch["visible"])
        tokens = token_loss(output.tokens, batch["label"], usable_patches(batch), recipe.group)
        sums += [loss.item() for loss in (*losses(output, batch), tokens)]
        shown = usable_patches(batch).repeat_interleave(recipe.patch_points, 1) > 0
        labels.append(batch["label"][shown].cpu().numpy())
        logits.append(output.fault_logit[shown].float().cpu().numpy())
    model.train()
    restore, entropy, tokens_apart = sums / VALIDATION_BATCHES
    precision = average_precision_score(np.concatenate(labels), np.concatenate(logits))
    return {
        "restore": float(restore),
        "entropy": float(entropy),
        "tokens": float(tokens_apart),
        "average_precision": float(precision),
    }


@dataclass
class Run:
    """A training that can stop and go on."""

    folder: Path
    schedule: Schedule
    recipe: BatchRecipe
    model: MomentNetwork
    optimizer: torch.optim.AdamW
    device: torch.device
    step: int = 0
    seconds: float = 0.0

    @property
    def steps(self) -> int:
        return self.schedule.steps(self.recipe.windows)

    def save(self) -> None:
        """Weights, optimizer and place together, swapped in at once so that a kill leaves the old or the new state."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for number, entry in self.optimizer.state_dict()["state"].items():
            state.update({f"optimizer.{number}.{name}": value for name, value in entry.items()})
        metadata = {"step": str(self.step), "seconds": str(self.seconds)}
        partial = self.folder / "state.safetensors.part"
        save_file({name: value.contiguous() for name, value in state.items()}, partial, metadata)
        os.replace(partial, self.folder / "state.safetensors")
        settings = {
            "schedule": asdict(self.schedule),
            "recipe": asdict(self.recipe),
            "config": self.model.config.to_dict(),
            "hardware": hardware(self.device),
        }
        (self.folder / "run.json").write_text(json.dumps(settings, indent=2) + "\n")

    def load(self) -> bool:
        """Take up the saved state, if there is one."""
        path = self.folder / "state.safetensors"
        if not path.exists():
            return False
        state = load_file(path, device=str(self.device))
        self.model.load_state_dict({k.removeprefix("model."): v for k, v in state.items() if k.startswith("model.")})
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            if key.startswith("optimizer."):
                _, number, name = key.split(".")
                moments.setdefault(int(number), {})[name] = value
        self.optimizer.load_state_dict({"state": moments, "param_groups": self.optimizer.state_dict()["param_groups"]})
        metadata = read_metadata(path)
        self.step, self.seconds = int(metadata["step"]), float(metadata["seconds"])
        return True

    def advance(self, batch: Batch) -> tuple[float, float, float]:
        """One step; gives the restoring error, the cross-entropy and the tokens' loss, 0 where it has no weight."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.rate(self.step, self.recipe.windows)
        data = tensors(batch, self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            output = self.model(data["x"], data["observed"], data["visible"])
        restore, entropy = losses(output, data)
        tokens = torch.zeros((), device=self.device)
        if self.schedule.token_weight:
            tokens = token_loss(output.tokens, data["label"], usable_patches(data), self.recipe.group)
        self.optimizer.zero_grad(set_to_none=True)
        (restore + entropy + self.schedule.token_weight * tokens).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.schedule.clip_norm)
        self.optimizer.step()
        self.step += 1
        return restore.item(), entropy.item(), tokens.item()


def read_metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return file.metadata()


def new_run(folder: Path, schedule: Schedule, recipe: BatchRecipe, config: MomentConfig = EMBEDDED) -> Run:
    """A run at step 0, or where its folder says it stopped."""
    torch.manual_seed(schedule.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = MomentNetwork(config)
    initialise(model)
    model.to(device)
    run = Run(folder, schedule, recipe, model, make_optimizer(model, schedule), device)
    if run.load():
        print(f"Going on at step {run.step:,} of {run.steps:,}.")
    return run


def start_from(run: Run, folder: Path) -> None:
    """Take the weights of another run, for example of one with another recipe, and none of its optimizer's state."""
    state = load_file(folder / "state.safetensors", device=str(run.device))
    run.model.load_state_dict({k.removeprefix("model."): v for k, v in state.items() if k.startswith("model.")})
    earlier = json.loads((folder / "run.json").read_text())
    earlier["steps"] = int(read_metadata(folder / "state.safetensors")["step"])
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "started_from.json").write_text(json.dumps(earlier, indent=2) + "\n")


def start_from_checkpoint(run: Run, name: str) -> None:
    """Take the weights of a checkpoint that is embedded or was imported.

    Raises:
        ModelError: when the checkpoint is damaged or holds no weights for torch.
        NotFoundError: when there is none of that name.
    """
    found = checkpoints.find(name)
    state = load_file(found.weights(), device=str(run.device))
    state[checkpoints.POSITION_BUFFER] = run.model.state_dict()[checkpoints.POSITION_BUFFER]
    run.model.load_state_dict(state)
    run.folder.mkdir(parents=True, exist_ok=True)
    earlier = {"checkpoint": found.name, "sha256": found.weights_sha256, "card": dict(found.card)}
    (run.folder / "started_from.json").write_text(json.dumps(earlier, indent=2) + "\n")


def train(run: Run, *, save_every_s: float = 120.0, validate_every: int = 1500) -> None:
    """Train to the end of the schedule, logging to ``log.jsonl`` in the run's folder."""
    stream = Stream(run.schedule.seed, run.recipe)
    loader = DataLoader(stream, batch_size=None, sampler=range(run.step, run.steps), num_workers=1, prefetch_factor=8)
    started, saved, seconds_before = time.monotonic(), time.monotonic(), run.seconds
    recent: list[tuple[float, float, float]] = []
    for batch in loader:
        recent.append(run.advance(batch))
        run.seconds = seconds_before + time.monotonic() - started
        if run.step % 100 == 0:
            restore, entropy, tokens = np.mean(recent, axis=0)
            recent.clear()
            log(run, {"restore": restore, "entropy": entropy, "tokens": tokens})
        if run.step % validate_every == 0 or run.step == run.steps:
            log(run, {"validation": validate(run.model, run.recipe, run.device)})
        if time.monotonic() - saved > save_every_s or run.step == run.steps:
            run.save()
            saved = time.monotonic()


def log(run: Run, values: dict[str, Any]) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    entry = {"step": run.step, "windows": run.step * run.recipe.windows, "seconds": round(run.seconds, 1), **values}
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(entry) + "\n")
    print(json.dumps(entry), flush=True)


def hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return (
        f"{torch.get_num_threads()} threads of {platform.machine()} ({platform.processor() or 'processor not named'})"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pre-train the embedded MOMENT checkpoint.")
    parser.add_argument("--run", type=Path, required=True, help="folder that keeps the run's state and log")
    parser.add_argument("--windows", type=int, default=Schedule.windows, help="windows to train on in all")
    parser.add_argument("--batch", type=int, default=BatchRecipe.windows, help="windows a step")
    parser.add_argument("--seed", type=int, default=Schedule.seed)
    parser.add_argument("--learning-rate", type=float, default=Schedule.learning_rate)
    parser.add_argument("--token-weight", type=float, default=Schedule.token_weight, help="of the tokens' loss")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--start-from", type=Path, metavar="RUN", help="take over the weights of another run")
    start.add_argument("--start-from-checkpoint", metavar="NAME", help="take over the weights of a checkpoint")
    options = parser.parse_args(argv)
    schedule = Schedule(
        windows=options.windows,
        seed=options.seed,
        learning_rate=options.learning_rate,
        token_weight=options.token_weight,
    )
    run = new_run(options.run, schedule, BatchRecipe(windows=options.batch))
    if options.start_from and run.step == 0:
        start_from(run, options.start_from)
    if options.start_from_checkpoint and run.step == 0:
        start_from_checkpoint(run, options.start_from_checkpoint)
    parameters = sum(p.numel() for p in run.model.parameters())
    print(f"{parameters:,} parameters, {run.steps:,} steps of {options.batch} windows on {hardware(run.device)}.")
    train(run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
