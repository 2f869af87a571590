from __future__ import annotations

import copy
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from waferwatch.errors import InputError, ModelError  # noqa: E402
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints  # noqa: E402
from waferwatch.models.moment.checkpoints import export  # noqa: E402
from waferwatch.models.moment.config import MomentConfig  # noqa: E402
from waferwatch.models.moment.network import MomentNetwork  # noqa: E402
from waferwatch.models.moment.runners.engine import Engine  # noqa: E402

pytestmark = pytest.mark.torch


def network(**sizes: object) -> MomentNetwork:
    torch.manual_seed(0)
    tiny = {"d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 3, "num_heads": 2}
    model = MomentNetwork(MomentConfig(**tiny | sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
    return model


@pytest.mark.parametrize(
    "sizes",
    [{}, {"fault_head": True}, {"num_layers": 1}, {"num_layers": 4}, {"num_heads": 3, "d_kv": 8}, {"seq_len": 256}],
    ids=str,
)
def test_the_graph_answers_as_the_network_does(sizes, tmp_path):
    model = network(**sizes)

    made = export.export_checkpoint(model, tmp_path / "made", name="made", card={"a": 1})

    assert export.check_parity(model, made) < export.TOLERANCE
    assert checkpoints.read(tmp_path / "made") == made
    assert ("fault_logit" in Engine(made, "cpu").outputs) == bool(sizes.get("fault_head"))


def test_the_middle_layers_tokens_are_given(tmp_path):
    model = network(num_layers=4).eval()
    made = export.export_checkpoint(model, tmp_path, name="made", card={})
    x, ones = torch.randn(2, 512), torch.ones(2, 64)
    seen = []
    model.encoder.block[1].register_forward_hook(lambda *arguments: seen.append(arguments[2]))

    with torch.inference_mode():
        model(x, ones, ones)
    found = Engine(made, "cpu").run(x.numpy(), ones.numpy(), ones.numpy(), outputs=("tokens",))

    np.testing.assert_allclose(found["tokens"], seen[0].numpy(), rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network of all parts, and what it was exported to."""
    model, folder = network(fault_head=True), tmp_path_factory.mktemp("exported")
    return model, export.export_checkpoint(model, folder, name="made", card={}, with_weights=False)


@pytest.mark.parametrize("name", [name for name, _ in network(fault_head=True).named_parameters()])
def test_every_parameter_takes_part_in_the_check(name, exported):
    model, made = copy.deepcopy(exported[0]), exported[1]
    dict(model.named_parameters())[name].data.mul_(1.5)

    with pytest.raises(ModelError, match="differs from torch's by"):
        export.check_parity(model, made)


def test_the_check_finds_no_difference_where_there_is_none(exported):
    assert export.check_parity(*exported) < export.TOLERANCE


def test_a_network_of_numbers_that_are_not_finite_is_refused_and_not_described(tmp_path):
    model = network()
    model.head.linear.bias.data[0] = float("nan")

    with pytest.raises(ModelError, match="differs from torch's by nan"):
        export.export_checkpoint(model, tmp_path, name="made", card={})

    assert not (tmp_path / "checkpoint.json").exists()


def test_the_weights_for_torch_can_be_left_out(tmp_path):
    made = export.export_checkpoint(network(), tmp_path, name="made", card={}, with_weights=False)

    assert made.weights_sha256 is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "model.onnx", "tokens.onnx"]


def test_the_card_is_kept_as_it_is(tmp_path):
    card = {"windows_seen": 5, "recipe": {"faults": ["spike"]}, "note": "한국어"}

    export.export_checkpoint(network(), tmp_path, name="made", card=card)

    assert json.loads((tmp_path / "checkpoint.json").read_text(encoding="utf-8"))["card"] == card


def test_the_network_is_left_as_it_was(tmp_path):
    model = network().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    export.export_checkpoint(model, tmp_path, name="made", card={})

    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_same_network_gives_the_same_files(tmp_path):
    first, second = (export.export_checkpoint(network(), tmp_path / name, name="made", card={}) for name in "ab")

    assert (first.sha256, first.weights_sha256) == (second.sha256, second.weights_sha256)


def test_a_name_that_is_a_path_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="cannot be the name"):
        export.export_checkpoint(network(), tmp_path / "made", name="../made", card={})

    assert not (tmp_path / "made").exists()
