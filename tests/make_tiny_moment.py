"""Makes the fixtures of the MOMENT tests with the reference implementation, momentfm.

    pip install --no-deps momentfm==0.1.4      # its own list asks for an old transformers; transformers 5 works
    pip install -e ".[torch]" transformers
    python tests/make_tiny_moment.py

Writes tests/tiny_moment (an official-style checkpoint of random weights, and what momentfm answers with it) and
tests/tiny_checkpoint (a checkpoint of waferwatch, with a fault head, made from random weights of its own). The tests
that read them need no momentfm. Nothing of momentfm's own files is kept.

    python tests/make_tiny_moment.py --compare     # the same comparison at MOMENT-1-small's dimensions, nothing kept
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from momentfm import MOMENT
from safetensors.torch import save_file

from waferwatch.models.moment.checkpoints.export import export_checkpoint
from waferwatch.models.moment.config import MomentConfig
from waferwatch.models.moment.network import MomentNetwork

HERE = Path(__file__).parent
TINY_T5 = {"d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 2, "num_heads": 2}
SMALL_T5 = {"d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8, "num_heads": 6}
TABLE = "encoder.embed_tokens.weight"
POSITIONS = "patch_embedding.position_embedding.pe"


def official_config(t5: dict[str, int]) -> dict[str, Any]:
    """A config.json in the shape of the official checkpoints."""
    return {
        "task_name": "reconstruction",
        "model_name": "MOMENT",
        "transformer_type": "encoder_only",
        "transformer_backbone": "google/flan-t5-small",
        "d_model": None,
        "seq_len": 512,
        "patch_len": 8,
        "patch_stride_len": 8,
        "patch_dropout": 0.1,
        "revin_affine": False,
        "add_positional_embedding": True,
        "value_embedding_bias": False,
        "orth_gain": 1.41,
        "mask_ratio": 0.15,
        "t5_config": {
            **t5,
            "model_type": "t5",
            "vocab_size": 8,
            "feed_forward_proj": "gated-gelu",
            "relative_attention_num_buckets": 32,
            "relative_attention_max_distance": 128,
            "layer_norm_epsilon": 1e-06,
            "dropout_rate": 0.1,
            "is_encoder_decoder": False,
            "use_cache": False,
        },
    }


def roughen(model: torch.nn.Module, seed: int) -> None:
    """Move every parameter far from its start, so that none can be left out without changing the answers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "relative_attention_bias" in name or "mask_embedding" in name:
                parameter.copy_(1.5 * noise)
            elif "layer_norm" in name:
                parameter.copy_(1 + 0.5 * noise)
            elif name.endswith("bias"):
                parameter.copy_(noise)
            else:
                parameter.copy_(noise * parameter.shape[-1] ** -0.5)
    # T5 does not scale its scores: wide heads would make softmax pick one key and hide the rest from the comparison.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("SelfAttention.q.weight"):
                parameter.mul_(0.3)


def windows(seed: int, count: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Raw series (count, 512) with input masks (padding, whole and part patches) and masks of hidden patches."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 512)).cumsum(1) * 10.0 ** rng.uniform(-2, 3, (count, 1)) + 50
    input_mask = np.ones((count, 512))
    input_mask[1, :200] = 0  # padding on the left, whole patches
    input_mask[2, :333] = 0  # ... and a part of one
    input_mask[3, 100:140] = 0  # a gap
    mask = np.ones((count, 512))
    mask[2:] = np.repeat(rng.random((count - 2, 64)) > 0.3, 8, axis=1)
    return tuple(torch.from_numpy(array.astype(np.float32)) for array in (x, input_mask, mask))


def reference(t5: dict[str, int], seed: int) -> MOMENT:
    torch.manual_seed(seed)
    model = MOMENT(official_config(t5), model_kwargs={}).eval()
    roughen(model, seed)
    return model


def answers(model: MOMENT, x: torch.Tensor, input_mask: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model.reconstruction(x_enc=x[:, None], input_mask=input_mask, mask=mask).reconstruction[:, 0]


def compare() -> None:
    """Print the largest difference at both sizes, in the units of the window's spread."""
    for label, t5 in (("tiny", TINY_T5), ("MOMENT-1-small", SMALL_T5)):
        theirs = reference(t5, seed=1)
        ours = MomentNetwork(MomentConfig.from_official(official_config(t5))).eval()
        found = ours.load_state_dict(theirs.state_dict(), strict=False)
        x, input_mask, mask = windows(seed=2)
        expected = answers(theirs, x, input_mask, mask)
        with torch.inference_mode():
            got = ours.restore(x, input_mask, mask)
        spread = expected.std(1, keepdim=True)
        difference = ((got - expected).abs() / spread).max()
        print(  # noqa: T201
            f"{label}: missing {found.missing_keys}, unexpected {found.unexpected_keys}, "
            f"largest difference {difference:.2g} of a window's spread"
        )


def make_tiny_moment(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    theirs = reference(TINY_T5, seed=3)
    # An official file also has 5000 positions; 320 kB of computed numbers are not worth keeping here.
    state = {name: tensor.clone() for name, tensor in theirs.state_dict().items() if name != POSITIONS}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    (folder / "config.json").write_text(json.dumps(official_config(TINY_T5), indent=1) + "\n")
    x, input_mask, mask = windows(seed=4)
    np.savez_compressed(
        folder / "expected.npz",
        x=x.numpy(),
        input_mask=input_mask.numpy().astype(np.uint8),
        mask=mask.numpy().astype(np.uint8),
        restored=answers(theirs, x, input_mask, mask).numpy(),
    )


def make_tiny_checkpoint(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(5)
    model = MomentNetwork(MomentConfig(**TINY_T5, fault_head=True)).eval()
    roughen(model, seed=5)
    export_checkpoint(
        model,
        folder,
        name=folder.name,
        card={"made_for": "tests", "windows_seen": 0},
        source="tests/make_tiny_moment.py",
    )
    x, observed, visible = (torch.randn(3, 512), (torch.rand(3, 64) > 0.1).float(), (torch.rand(3, 64) > 0.3).float())
    with torch.inference_mode():
        output = model(x, observed, visible)
    np.savez_compressed(
        folder / "expected.npz",
        **{"x": x.numpy(), "observed": observed.numpy(), "visible": visible.numpy()},
        **{name: value.numpy() for name, value in output._asdict().items()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the fixtures of the MOMENT tests with momentfm.")
    parser.add_argument("--compare", action="store_true", help="compare at two sizes and keep nothing")
    if parser.parse_args().compare:
        compare()
        return
    make_tiny_moment(HERE / "tiny_moment")
    make_tiny_checkpoint(HERE / "tiny_checkpoint")


if __name__ == "__main__":
    main()
