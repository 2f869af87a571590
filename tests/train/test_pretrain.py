import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the torch extra: pip install torch==2.13.0 takes the CPU build")

from safetensors.torch import load_file  # noqa: E402

from train.batches import BatchRecipe, make_batch  # noqa: E402
from train.pretrain import EMBEDDED, Schedule, main, new_run, start_from_checkpoint, train  # noqa: E402
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints  # noqa: E402
from waferwatch.models.moment.config import MomentConfig  # noqa: E402

pytestmark = pytest.mark.torch
TINY = MomentConfig(d_model=16, d_kv=8, d_ff=16, num_layers=2, num_heads=2, fault_head=True)
RECIPE = BatchRecipe(windows=4)


def weights(run):
    return np.concatenate([value.detach().float().numpy().ravel() for value in run.model.parameters()])


def test_a_run_that_stops_and_goes_on_ends_with_the_same_weights_as_one_that_did_not_stop(tmp_path):
    whole = new_run(tmp_path / "whole", Schedule(windows=32), RECIPE, TINY)
    train(whole, validate_every=1000)

    # Both schedules are in their stable part until step 6 of 8, so a shorter first leg would decay: stop by hand.
    first = new_run(tmp_path / "parts", Schedule(windows=32), RECIPE, TINY)
    stop_after(first, 3)
    first.save()
    second = new_run(tmp_path / "parts", Schedule(windows=32), RECIPE, TINY)
    assert second.step == 3
    train(second, validate_every=1000)

    np.testing.assert_array_equal(weights(second), weights(whole))


def stop_after(run, steps):
    for index in range(steps):
        run.advance(make_batch(run.schedule.seed, index, run.recipe))


def test_a_run_logs_its_losses_and_validation(tmp_path):
    run = new_run(tmp_path, Schedule(windows=8), RECIPE, TINY)
    train(run)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"restore", "entropy", "tokens", "average_precision"} <= set(entries[-1]["validation"])
    assert entries[-1]["windows"] == 8


def test_the_tokens_loss_moves_the_weights_only_where_it_has_a_weight(tmp_path):
    batch = make_batch(0, 0, RECIPE)
    with_tokens = new_run(tmp_path, Schedule(windows=8, token_weight=1.0), RECIPE, TINY)
    without = new_run(tmp_path, Schedule(windows=8), RECIPE, TINY)
    assert with_tokens.advance(batch)[2] > 0
    assert without.advance(batch)[2] == 0
    assert not np.array_equal(weights(with_tokens), weights(without))


def test_the_learning_rate_warms_up_stays_and_falls_to_almost_nothing():
    schedule = Schedule(windows=1000 * 4, warmup_steps=100, decay_share=0.25)
    rates = [schedule.rate(step, 4) for step in range(1000)]
    assert rates[0] < 0.02 * schedule.learning_rate
    assert set(rates[100:750]) == {schedule.learning_rate}
    assert rates[-1] < 0.01 * schedule.learning_rate


def test_a_run_may_begin_with_the_weights_of_a_checkpoint_and_says_so(tmp_path):
    run = new_run(tmp_path, Schedule(windows=8), RECIPE, EMBEDDED)
    start_from_checkpoint(run, checkpoints.find().name)
    model = run.model.state_dict()
    for name, value in load_file(checkpoints.find().weights()).items():
        torch.testing.assert_close(model[name], value)
    started_from = json.loads((tmp_path / "started_from.json").read_text())
    assert started_from["checkpoint"] == checkpoints.find().name
    assert started_from["card"] == checkpoints.find().card


def test_a_run_begins_with_one_set_of_weights_only(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--run", str(tmp_path), "--start-from", "a", "--start-from-checkpoint", "b"])
    assert "not allowed with" in capsys.readouterr().err
