"""Our network against momentfm's answers on the same random weights, kept in tests/tiny_moment."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from waferwatch.models.moment.checkpoints.weights_file import load_official  # noqa: E402
from waferwatch.models.moment.config import MomentConfig  # noqa: E402
from waferwatch.models.moment.network import MomentNetwork, relative_position_buckets  # noqa: E402

pytestmark = pytest.mark.torch
TOLERANCE = 1e-4  # of a window's spread


@pytest.fixture
def model(tiny_moment) -> MomentNetwork:
    return load_official(tiny_moment)


@pytest.fixture
def expected(tiny_moment) -> dict[str, torch.Tensor]:
    arrays = np.load(tiny_moment / "expected.npz")
    return {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}


def difference(model: MomentNetwork, expected: dict[str, torch.Tensor]) -> torch.Tensor:
    """Largest difference to momentfm for each window, as a share of the window's spread."""
    with torch.inference_mode():
        got = model.restore(expected["x"], expected["input_mask"], expected["mask"])
    return (got - expected["restored"]).abs().amax(1) / expected["restored"].std(1)


def test_the_answers_are_those_of_momentfm_with_padding_gaps_and_hidden_patches(model, expected):
    assert difference(model, expected).max() < TOLERANCE


def test_every_parameter_takes_part_in_that_comparison(model, expected):
    for name, parameter in model.named_parameters():
        kept = parameter.detach().clone()
        parameter.data.mul_(1.1)
        assert difference(model, expected).max() > 10 * TOLERANCE, name
        parameter.data.copy_(kept)


@pytest.mark.parametrize("mask", ["input_mask", "mask"])
def test_each_mask_takes_part_in_that_comparison(model, expected, mask):
    assert difference(model, expected | {mask: torch.ones(6, 512)}).max() > 10 * TOLERANCE


def test_the_names_are_those_of_the_official_checkpoint(model, tiny_moment):
    official = set(load_file(tiny_moment / "model.safetensors"))

    assert official - set(model.state_dict()) == {"encoder.embed_tokens.weight"}
    assert set(model.state_dict()) - official == {"patch_embedding.position_embedding.pe"}


def test_a_fault_head_adds_only_its_own_names(model):
    with_head = MomentNetwork(MomentConfig(**model.config.to_dict() | {"fault_head": True}))

    added = set(with_head.state_dict()) - set(model.state_dict())
    assert added == {"fault_head.linear.weight", "fault_head.linear.bias"}


def test_a_window_without_any_data_gives_finite_numbers(model):
    zeros = torch.zeros(1, 64)

    with torch.inference_mode():
        output = model(torch.zeros(1, 512), zeros, zeros)

    assert output.restored.isfinite().all()


def test_what_stands_in_a_patch_that_may_not_be_seen_does_not_matter(model):
    x, visible = torch.randn(2, 512), torch.ones(2, 64)
    visible[:, 20:30] = 0
    other = x.clone()
    other[:, 160:240] += 5

    with torch.inference_mode():
        first, second = (model(values, torch.ones(2, 64), visible).restored for values in (x, other))

    torch.testing.assert_close(first, second)


def test_near_distances_have_buckets_of_their_own_and_each_direction_half_of_them():
    buckets = relative_position_buckets(64, 32, 128)

    assert buckets[0, :8].tolist() == [0, 17, 18, 19, 20, 21, 22, 23]
    assert buckets[:8, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert buckets.min() == 0
    assert buckets.max() < 32
    assert (buckets[0].diff() >= 0).sum() == 63
