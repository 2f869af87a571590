"""A bundle that anybody may have written is kept only if every page can show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.monitors.made import chamber, everywhere, stream, table
from waferwatch.errors import InputError, NotFoundError
from waferwatch.jobs.monitors.rebasing import RebaseWish, rebase_version
from waferwatch.jobs.monitors.transfer import import_version
from waferwatch.monitors.bundle import write_bundle
from waferwatch.monitors.golden.golden_set import choose
from waferwatch.monitors.learn import learn
from waferwatch.read.table import Note
from waferwatch.scoring.model import Model
from waferwatch.settings import Settings
from waferwatch.store.store import Store, open_store

ABOUT: dict[str, Any] = {"name": "etch", "version": 1, "policy": {}, "equipment": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(Settings(data_dir=tmp_path / "data"))
    opened.prepare()
    yield opened
    opened.close()


@cache
def model() -> Model:
    return learn(choose(table(stream(700))), detector="moving_variance").model


@pytest.mark.parametrize(
    "about",
    [
        {"name": "\ud800"},
        {"equipment": ["\ud800"]},
        {"policy": {"threshold": 10**400}},
        {"policy": {"threshold": "high"}},
        {"policy": {"unknown": 1}},
        {"equipment": "E1"},
    ],
)
def test_a_description_that_cannot_be_kept_is_refused(store: Store, tmp_path: Path, about: dict[str, Any]) -> None:
    path = tmp_path / "one"
    write_bundle(path, model(), {"name": "etch"})
    with pytest.MonkeyPatch.context() as patch:  # a writer that does not refuse half of a surrogate pair
        patch.setattr("json.dumps", _escaped)
        write_bundle(path, model(), ABOUT | about)
    with pytest.raises(InputError) as refused:
        import_version(store, path, "kim", shown="one.waferwatch")
    str(refused.value).encode()
    assert store.monitors.all() == []


@pytest.mark.parametrize(
    "note",
    [Note("{missing}"), Note("{a:>1000000000}", {"a": 1}), Note("{a.real}", {"a": 1}), Note("{")],
)
def test_a_note_that_cannot_be_shown_is_refused(store: Store, tmp_path: Path, note: Note) -> None:
    write_bundle(tmp_path / "one", replace(model(), notes=(note,)), ABOUT)
    with pytest.raises(InputError, match="no monitor that can be read"):
        import_version(store, tmp_path / "one", "kim")
    assert store.monitors.all() == []


def test_sensors_without_names_are_refused(store: Store, tmp_path: Path) -> None:
    write_bundle(tmp_path / "one", replace(model(), features=[1, 2]), ABOUT)  # type: ignore[list-item]
    with pytest.raises(InputError, match="no monitor that can be read"):
        import_version(store, tmp_path / "one", "kim")


def test_a_monitor_that_was_deleted_during_its_rebase_does_not_come_back(store: Store, tmp_path: Path) -> None:
    learnt = learn(choose(table(chamber(12))), detector="moving_variance").model
    write_bundle(tmp_path / "one", learnt, ABOUT)
    import_version(store, tmp_path / "one", "kim")
    after = table(chamber(12, 5, start="2026-03-02", lot="M", changes={"pressure": everywhere(0.25)}))

    def delete(share: float) -> None:
        if share == 1.0 and store.monitors.has("etch"):
            store.monitors.delete("etch", "lee")

    with pytest.raises(NotFoundError, match="no monitor etch"):
        rebase_version(store, "etch", after, RebaseWish(), "kim", delete)
    assert store.monitors.all() == []
    assert [one.number for one in store.monitors.restore("etch", "lee").versions] == [1]


def _escaped(value: Any, **options: Any) -> str:
    import json.encoder

    return json.encoder.JSONEncoder(sort_keys=options.get("sort_keys", False)).encode(value)
