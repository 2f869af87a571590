from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("filelock")

from waferwatch.errors import InputError, MissingExtraError, NotFoundError  # noqa: E402
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints  # noqa: E402
from waferwatch.models.moment.checkpoints import export, hub, tuned, tuning  # noqa: E402
from waferwatch.models.moment.checkpoints.normal_windows import normal_series  # noqa: E402
from waferwatch.models.moment.network import MomentNetwork  # noqa: E402
from waferwatch.models.moment.runners.engine import Engine  # noqa: E402
from waferwatch.models.moment.runners.torch_runner import load_network  # noqa: E402
from waferwatch.series.series import Series  # noqa: E402

pytestmark = pytest.mark.torch


def silent(_sentence: str) -> None:
    pass


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few steps of a size that moves the tiny network, on a clock that moves by a twentieth second when looked at."""
    monkeypatch.setattr(tuning, "time", SimpleNamespace(monotonic=itertools.count(0, 0.05).__next__))
    monkeypatch.setattr(tuning, "LEARNING_RATE", 3e-3)
    monkeypatch.setattr(tuning, "HELD_WINDOWS", 32)
    monkeypatch.setattr(tuning, "AT_ONCE", 8)
    monkeypatch.setattr(tuning, "JUDGED_EVERY", 5)
    monkeypatch.setattr(tuning, "WARM_UP", 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def start(tiny_checkpoint) -> checkpoints.Checkpoint:
    return checkpoints.read(tiny_checkpoint)


@pytest.fixture
def as_embedded(start, monkeypatch) -> checkpoints.Checkpoint:
    """The tiny checkpoint is the embedded one."""
    find = checkpoints.find
    monkeypatch.setattr(checkpoints, "find", lambda name=None: start if name is None else find(name))
    return start


@pytest.fixture
def normal() -> list[list[Series]]:
    point = np.arange(3000)
    values = np.sin(point * 2 * np.pi / 40) + 0.1 * np.random.default_rng(0).standard_normal(3000)
    return [[Series(values[:, None], point, None)]]


def run_tune(
    model: MomentNetwork, normal: list[list[Series]], seconds: float = 60, seed: int = 0
) -> tuning.TuningResult:
    learnt, held = normal_series(normal, model.config)
    return tuning.tune(model, learnt, held, seconds=seconds, seed=seed, report=silent)


def weights(model: MomentNetwork) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def test_the_error_on_windows_held_out_falls_and_the_fault_head_stays(start, normal):
    model = load_network(start)
    before = weights(model)

    course = run_tune(model, normal, seconds=3)

    assert course.helped
    assert course.error_after < 0.97 * course.error_before
    changed = {name for name, value in weights(model).items() if not np.array_equal(value, before[name])}
    assert "head.linear.weight" in changed
    assert not [name for name in changed if name.startswith("fault_head.")]


def test_what_the_fault_head_says_is_kept(start, normal, monkeypatch):
    def moved(weight: float) -> float:
        monkeypatch.setattr(tuning, "FAULT_WEIGHT", weight)
        model, unchanged = load_network(start), load_network(start)
        run_tune(model, normal, seconds=2)
        learnt, _ = normal_series(normal, model.config)
        windows = learnt.draw(np.random.default_rng(9), 16)
        shown = [torch.from_numpy(part) for part in (windows.x, windows.observed, np.ones_like(windows.observed))]
        with torch.inference_mode():
            return float((model(*shown).fault_logit - unchanged(*shown).fault_logit).square().mean())

    assert moved(1.0) < 0.7 * moved(0.0)


def test_it_is_left_with_the_best_weights(start, normal, monkeypatch):
    monkeypatch.setattr(tuning, "LEARNING_RATE", 0.1)  # so large that it soon gets worse
    model = load_network(start)

    course = run_tune(model, normal)

    _, held = normal_series(normal, model.config)
    assert tuning.Judge(held).error(model) == pytest.approx(course.error_after)
    assert course.best_step < course.steps
    assert not course.timed_out


def test_the_same_seed_gives_the_same_weights(start, normal):
    first, again, other = (load_network(start) for _ in range(3))
    for model, seed in ((first, 4), (again, 4), (other, 5)):
        run_tune(model, normal, seconds=1, seed=seed)

    same = [np.array_equal(value, weights(again)[name]) for name, value in weights(first).items()]
    assert all(same)
    assert not np.array_equal(weights(first)["head.linear.weight"], weights(other)["head.linear.weight"])


def test_it_ends_when_the_time_is_over(start, normal):
    course = run_tune(load_network(start), normal, seconds=0)

    assert (course.steps, course.timed_out) == (1, True)


def test_about_the_wished_share_of_patches_is_hidden_and_never_none():
    observed = np.ones((500, 64), np.float32)
    observed[:250, :62] = 0

    visible = tuning.hide(observed, np.random.default_rng(0))

    assert (visible * observed < observed).any(axis=1).all()
    assert 0.25 < 1 - visible[250:].mean() < 0.35


def make(normal: list[list[Series]], report: Callable[[str], None] = silent, **wish: object) -> tuned.Tuned:
    return tuned.tune_checkpoint(
        tuned.Wish(**{"name": "mine", "minutes": 0.05} | wish), normal, files=["/data/good.csv"], report=report
    )


def test_what_is_better_is_stored_and_answers_as_the_network_that_was_tuned(as_embedded, normal, data_dir):
    found = make(normal)

    assert found.made == checkpoints.find("mine")
    x, ones = np.random.default_rng(0).standard_normal((2, 512)).astype(np.float32), np.ones((2, 64), np.float32)
    by_onnx = Engine(found.made, "cpu").run(x, ones, ones, ("restored", "tokens"))
    with torch.inference_mode():
        by_torch = load_network(found.made)(*(torch.from_numpy(part) for part in (x, ones, ones)))
    for name, values in by_onnx.items():
        np.testing.assert_allclose(values, getattr(by_torch, name).numpy(), atol=1e-3 * values.std())
    assert [folder.name for folder in checkpoints.folders()][-1] == "mine"


def test_the_card_tells_of_the_training_and_names_files_without_their_folders(as_embedded, normal, data_dir):
    found = make(normal)

    text = (data_dir / "checkpoints" / "mine" / "checkpoint.json").read_text()
    card = json.loads(text)["card"]
    assert card["tuned_from"] == "tiny_checkpoint"
    assert card["tuned_from_sha256"] == as_embedded.sha256
    assert card["files"] == ["good.csv"]
    assert card["windows_seen"] == found.course.windows > 0
    assert card["error_after"] < card["error_before"]
    assert len(card["tuned"]) == len("2026-11-25")
    assert "/data" not in text


def test_what_is_not_better_is_not_stored(as_embedded, normal, data_dir, monkeypatch):
    monkeypatch.setattr(tuning, "LEARNING_RATE", 0.0)

    found = make(normal)

    assert found.made is None
    assert not (data_dir / "checkpoints").exists()


def test_an_imported_checkpoint_without_a_fault_head_is_tuned_too(tiny_moment, normal, data_dir):
    hub.import_checkpoint(str(tiny_moment), name="official", report=silent)

    found = make(normal, start="official")

    assert found.made is not None
    assert not found.made.config.fault_head
    assert found.made.source == "tuned from official"


def test_a_checkpoint_may_be_tuned_once_more_in_its_own_place(as_embedded, normal, data_dir):
    first = make(normal)
    again = make(normal, start="mine", replace=True)

    assert again.made is None or again.made.card["tuned_from_sha256"] == first.made.sha256
    assert checkpoints.find("mine") == (again.made or first.made)


@pytest.mark.parametrize("where", ["training", "writing"])
def test_a_tuning_that_is_stopped_leaves_nothing(where, as_embedded, normal, data_dir, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if where == "writing":
        monkeypatch.setattr(export, "check_parity", stop)
    with pytest.raises(KeyboardInterrupt):
        make(normal, report=stop if where == "training" else silent)

    assert [path for path in Path(data_dir).rglob("*") if path.is_file() and path.name != ".import.lock"] == []


@pytest.mark.parametrize(
    ("wish", "kind", "sentence"),
    [
        ({"name": "../x"}, InputError, "cannot be the name"),
        ({"name": "waferwatch-1"}, InputError, "comes with waferwatch"),
        ({"minutes": 0}, InputError, "cannot last 0 minutes"),
        ({"minutes": float("nan")}, InputError, "cannot last nan minutes"),
        ({"minutes": 1e9}, InputError, "at most 1440"),
        ({"seed": -1}, InputError, "must be 0 or more"),
        ({"start": "nowhere"}, NotFoundError, "no checkpoint named nowhere"),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_granted_is_reported(wish, kind, sentence, normal, data_dir):
    with pytest.raises(kind) as failure:
        make(normal, **wish)

    assert sentence in str(failure.value)


def test_a_taken_name_is_reported_before_any_work(as_embedded, normal, data_dir):
    make(normal)

    with pytest.raises(InputError, match=r"already a checkpoint named mine.*--replace"):
        tuned.Wish("mine")


def test_without_torch_the_install_line_is_reported(data_dir, monkeypatch):
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None if name == "torch" else object())

    with pytest.raises(MissingExtraError, match="add-torch"):
        tuned.Wish("mine")
