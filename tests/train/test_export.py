import json

import pytest

torch = pytest.importorskip("torch", reason="needs the torch extra: pip install torch==2.13.0 takes the CPU build")
pytest.importorskip("onnx")

from safetensors.torch import load_file  # noqa: E402

from train.batches import BatchRecipe  # noqa: E402
from train.export import main  # noqa: E402
from train.pretrain import EMBEDDED, Schedule, log, new_run, start_from_checkpoint  # noqa: E402
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def run(tmp_path):
    run = new_run(tmp_path / "run", Schedule(windows=8), BatchRecipe(windows=4), EMBEDDED)
    start_from_checkpoint(run, checkpoints.find().name)
    with torch.no_grad():
        for value in run.model.parameters():
            value.add_(0.02)
    run.save()
    log(run, {"restore": 0.5})
    return run


def test_a_run_becomes_a_checkpoint_with_its_card(run, tmp_path):
    main(["--run", str(run.folder), "--name", "new", "--folder", str(tmp_path)])
    found = checkpoints.read(tmp_path / "new")
    assert found.card["training"]["restore"] == 0.5
    assert found.card["started_from"]["checkpoint"] == checkpoints.find().name
    assert "mixed_with" not in found.card


def test_a_run_mixed_with_a_checkpoint_lies_between_the_two_and_says_so(run, tmp_path):
    shipped = checkpoints.find()
    arguments = ["--run", str(run.folder), "--name", "mixed", "--folder", str(tmp_path)]
    main([*arguments, "--mix-with", shipped.name, "--share", "0.25"])
    mixed, other = load_file(tmp_path / "mixed" / checkpoints.WEIGHTS), load_file(shipped.weights())
    for name, value in mixed.items():
        torch.testing.assert_close(value, other[name] + 0.25 * 0.02, atol=1e-5, rtol=0)
    card = json.loads((tmp_path / "mixed" / checkpoints.DESCRIPTION).read_text())["card"]
    assert card["mixed_with"] == {"checkpoint": shipped.name, "sha256": shipped.weights_sha256, "share": 0.75}
