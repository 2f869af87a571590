from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from waferwatch.errors import ModelError  # noqa: E402
from waferwatch.models.moment.checkpoints.weights_file import load_official  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(tiny_moment, tmp_path) -> Path:
    """A copy of the official-style checkpoint, free to be spoilt."""
    shutil.copytree(tiny_moment, tmp_path / "copy")
    return tmp_path / "copy"


def rewrite(folder: Path, change: Any) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.999])
def test_a_truncated_file_is_refused_with_its_size(share, folder):
    path = folder / "model.safetensors"
    size = int(path.stat().st_size * share)
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(ModelError, match=rf"\({size} bytes\) is truncated or damaged") as failure:
        load_official(folder)

    assert "Download the file again" in failure.value.hint()


def test_a_file_with_something_behind_its_end_is_refused(folder):
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"more")

    with pytest.raises(ModelError, match="truncated or damaged"):
        load_official(folder)


@pytest.mark.parametrize(
    "content", [b"version https://git-lfs.github.com/spec/v1\noid", b"\x80\x02}q\x00.", b"\xff" * 99]
)
def test_a_file_of_another_kind_is_refused(content, folder):
    (folder / "model.safetensors").write_bytes(content)

    with pytest.raises(ModelError, match="truncated or damaged"):
        load_official(folder)


def test_missing_unexpected_and_misshapen_weights_are_each_named(folder):
    def change(weights: dict[str, torch.Tensor]) -> None:
        del weights["head.linear.bias"]
        weights["decoder.extra"] = torch.zeros(1)
        weights["head.linear.weight"] = torch.zeros(8, 17)
        weights["patch_embedding.mask_embedding"] = torch.zeros(16, dtype=torch.int64)

    rewrite(folder, change)

    with pytest.raises(ModelError) as failure:
        load_official(folder)

    said = failure.value.message()
    assert "missing: head.linear.bias" in said
    assert "not expected: decoder.extra" in said
    assert "head.linear.weight (8, 17) instead of (8, 16)" in said
    assert "patch_embedding.mask_embedding I64" in said


def test_a_long_list_is_cut_short(folder):
    config = json.loads((folder / "config.json").read_text())
    config["t5_config"]["num_layers"] = 9
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(ModelError, match="and 58 more"):
        load_official(folder)


def test_a_description_of_a_gigantic_network_takes_no_memory(folder):
    config = json.loads((folder / "config.json").read_text())
    config["t5_config"] |= {"d_model": 60_000, "d_ff": 60_000, "num_layers": 20}
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(ModelError, match="of another shape"):
        load_official(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(value, folder):
    def change(weights: dict[str, torch.Tensor]) -> None:
        weights["head.linear.bias"][3] = value

    rewrite(folder, change)

    with pytest.raises(ModelError, match=r"head\.linear\.bias .* not finite"):
        load_official(folder)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_taken(kind, folder):
    def change(weights: dict[str, torch.Tensor]) -> None:
        for name in weights:
            weights[name] = weights[name].to(kind)

    rewrite(folder, change)

    assert load_official(folder).head.linear.weight.dtype == torch.float32


def test_the_word_table_and_the_positions_may_be_there_or_not(folder):
    def change(weights: dict[str, torch.Tensor]) -> None:
        del weights["encoder.embed_tokens.weight"]
        weights["shared.weight"] = torch.zeros(3, 16)
        weights["patch_embedding.position_embedding.pe"] = torch.zeros(1, 5000, 16)

    rewrite(folder, change)

    positions = load_official(folder).patch_embedding.position_embedding.pe
    assert positions[0, 0, 1] == 1  # computed, not those of the file


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_pickled_weights_are_refused_with_the_reason(name, folder):
    (folder / "model.safetensors").rename(folder / name)

    with pytest.raises(ModelError, match=f"{name}, which is refused: opening a pickled file can run code"):
        load_official(folder)


def test_a_folder_without_weights_says_so(folder):
    (folder / "model.safetensors").unlink()

    with pytest.raises(ModelError, match=r"There is no model\.safetensors"):
        load_official(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "\ufeff{}"])
def test_a_description_that_is_none_is_refused(content, folder):
    (folder / "config.json").write_text(content)

    with pytest.raises(ModelError, match=r"config\.json"):
        load_official(folder)


def test_a_folder_without_a_description_says_so(folder):
    (folder / "config.json").unlink()

    with pytest.raises(ModelError, match=r"There is no config\.json"):
        load_official(folder)
