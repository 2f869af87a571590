"""Monitors are kept whole: a version is there with its model and its golden rows, or not at all."""

from __future__ import annotations

import json
import math
import random
import threading
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select, update

from tests.store.faults import change_one_byte, record_syncs, refuse_sync
from tests.store.test_sweep import make_old
from waferwatch.errors import DamagedError, InputError, NotFoundError, StorageFullError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.scoring.run import fit_table
from waferwatch.scoring.thresholds.threshold import Thresholds
from waferwatch.settings import Settings
from waferwatch.store.database.schema import golden_sets, monitor_versions
from waferwatch.store.database.schema import monitors as monitor_rows
from waferwatch.store.monitors.facts import model_facts, policy_of, threshold_by_policy, thresholds_of
from waferwatch.store.monitors.monitors import NewGolden, NewVersion
from waferwatch.store.monitors.records import Origin, VersionState
from waferwatch.store.store import Store, open_store


def golden_table(seed: int = 0, rows: int = 300) -> Table:
    chance = np.random.default_rng(seed)
    time = pd.date_range("2026-01-01", periods=rows, freq="s")
    frame = pd.DataFrame({"time": time, "tool": "E1", "pressure": chance.normal(5, 1, rows)})
    return table_from_frame(frame, name="golden.csv", roles={"tool": "equipment"})


TABLE = golden_table()


@pytest.fixture(scope="module")
def model() -> Model:
    return fit_table(TABLE, detector="moving_variance")


@pytest.fixture(scope="module")
def other() -> Model:
    return fit_table(golden_table(1), detector="moving_variance")


def new(model: Model, **more: object) -> NewVersion:
    made = NewVersion(model, {"features": model.features}, Origin.LEARNT, NewGolden(TABLE, {"note": "정상"}))
    return replace(made, **more)


def folders_of(store: Store) -> list[str]:
    parts = (store.monitors.models.folder, store.monitors.golden.folder)
    return [path.name for part in parts for path in part.iterdir()]


def test_a_version_is_kept_with_its_model_and_its_golden_rows(store: Store, settings: Settings, model: Model) -> None:
    made = store.monitors.add("식각-1", new(model, policy={"threshold": 3.0}, equipment=["E1"]), "kim")
    assert (made.title, made.state, made.user) == ("식각-1@1", VersionState.IN_USE, "kim")
    elsewhere = open_store(settings)
    monitor = elsewhere.monitors.get("식각-1")
    assert monitor.policy == {"threshold": 3.0}
    assert monitor.equipment == ("E1",)
    version = elsewhere.monitors.version("식각-1")
    assert version == made
    found = elsewhere.monitors.model(version).detect(TABLE.frame)
    np.testing.assert_array_equal(found.scores, model.detect(TABLE.frame).scores)
    assert version.golden is not None
    assert (version.golden.version, version.golden.about) == (1, {"note": "정상"})
    pd.testing.assert_frame_equal(elsewhere.monitors.golden_rows(version.golden).frame, TABLE.frame)
    elsewhere.close()


def test_the_next_version_is_a_draft_until_it_is_put_in_use(store: Store, model: Model, other: Model) -> None:
    store.monitors.add("etch", new(model), "kim")
    draft = store.monitors.add("etch", new(other), "lee")
    assert (draft.number, draft.state) == (2, VersionState.DRAFT)
    assert draft.golden is not None
    assert draft.golden.version == 2
    assert store.monitors.version("etch").number == 1
    after = store.monitors.activate("etch", 2, "lee")
    assert [(one.number, one.state) for one in after.versions] == [(2, "in_use"), (1, "retired")]
    assert store.monitors.model(store.monitors.version("etch")).digest == other.digest


def test_rolling_back_goes_to_the_version_that_was_in_use_last_and_never_to_a_draft(store: Store, model: Model) -> None:
    for number in (1, 2, 3, 4):
        store.monitors.add("etch", new(model, activate=number in (2, 4)), "kim")
    assert [one.activated is not None for one in store.monitors.get("etch").versions] == [True, False, True, True]
    store.monitors.activate("etch", 1, "lee")
    for expected in (4, 1):
        now = store.monitors.roll_back("etch", "kim").in_use
        assert now is not None
        assert now.number == expected
    actions = [(entry.action, entry.detail.get("version")) for entry in store.audit.recent(2)]
    assert actions == [("roll back monitor", 1), ("roll back monitor", 4)]


def test_nothing_is_rolled_back_to_where_no_other_version_was_in_use(store: Store, model: Model) -> None:
    store.monitors.add("etch", new(model), "kim")
    store.monitors.add("etch", new(model), "kim")
    with pytest.raises(InputError, match="no earlier version"):
        store.monitors.roll_back("etch", "kim")


def test_a_name_is_the_same_however_its_letters_are_composed(store: Store, model: Model) -> None:
    composed, pieces = unicodedata.normalize("NFC", "식각"), unicodedata.normalize("NFD", "식각")
    assert composed != pieces
    store.monitors.add(pieces, new(model), "kim")
    assert store.monitors.get(pieces).name == composed
    assert store.monitors.version(f"{pieces}@1").monitor == composed
    store.monitors.delete(pieces, "kim")
    assert store.monitors.restore(pieces, "kim").name == composed


def test_what_does_not_exist_is_named(store: Store, model: Model) -> None:
    store.monitors.add("etch", new(model), "kim")
    with pytest.raises(NotFoundError, match="no monitor depo"):
        store.monitors.version("depo")
    with pytest.raises(NotFoundError, match=r"no version 7.*Its versions: 1"):
        store.monitors.version("etch@7")
    with pytest.raises(InputError, match="etch@last does not name a version"):
        store.monitors.version("etch@last")
    with pytest.raises(NotFoundError):
        store.monitors.get("a\0b")


@pytest.mark.parametrize("name", ["", "a/b", "a@2", ".hidden", "-x", "a b", "x" * 81, "a\n"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(store: Store, model: Model, name: str) -> None:
    with pytest.raises(InputError, match="cannot be called"):
        store.monitors.add(name, new(model), "kim")
    assert folders_of(store) == []


def test_a_taken_name_is_refused_where_a_new_monitor_is_asked_for(store: Store, model: Model) -> None:
    store.monitors.add("etch", new(model), "kim")
    before = folders_of(store)
    with pytest.raises(InputError, match="etch already"):
        store.monitors.add("etch", new(model), "kim", fresh=True)
    assert folders_of(store) == before
    assert len(store.monitors.get("etch").versions) == 1


def test_versions_added_at_once_get_numbers_of_their_own(store: Store, model: Model) -> None:
    threads = [threading.Thread(target=store.monitors.add, args=("etch", new(model), f"u{at}")) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.monitors.get("etch")
    assert [one.number for one in found.versions] == [4, 3, 2, 1]
    assert sorted(one.golden.version for one in found.versions if one.golden) == [1, 2, 3, 4]
    assert [one.state for one in found.versions].count(VersionState.IN_USE) == 1


def test_a_disk_that_takes_nothing_leaves_neither_files_nor_rows(
    store: Store, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refuse_sync(patch)
        with pytest.raises(StorageFullError):
            store.monitors.add("etch", new(model), "kim")
    assert folders_of(store) == []
    assert store.monitors.all() == []
    assert store.monitors.add("etch", new(model), "kim").number == 1


def test_every_file_is_on_the_disk_before_the_database_names_it(
    store: Store, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = record_syncs(monkeypatch)
    made = store.monitors.add("etch", new(model), "kim")
    assert made.golden is not None
    for folder in (store.monitors.models.folder / made.id, store.monitors.golden.folder / made.golden.id):
        files = list(folder.iterdir())
        assert len(files) == 2
        for path in (*files, folder, folder.parent):
            assert path.stat().st_ino in synced, path


def test_files_of_a_version_that_never_reached_the_database_are_removed(store: Store, model: Model) -> None:
    kept = store.monitors.add("etch", new(model), "kim")
    assert kept.golden is not None
    lost = store.monitors.models.put(model)  # killed after the files, before the row
    rows = store.monitors.golden.put(TABLE)
    store.settle()
    assert (store.monitors.models.folder / lost).is_dir(), "another process may be about to name it"
    make_old(store.monitors.models.folder / lost)
    make_old(store.monitors.golden.folder / rows)
    store.settle()
    assert sorted(folders_of(store)) == sorted([kept.id, kept.golden.id])


def test_files_that_the_database_names_are_never_taken_for_left_ones(store: Store, model: Model) -> None:
    kept = store.monitors.add("etch", new(model), "kim")
    folder = store.monitors.models.folder / kept.id
    (folder / ".unlisted").touch()  # killed after the row, before it was confirmed
    make_old(folder)
    store.settle()
    assert store.monitors.model(kept).digest == model.digest
    assert not (folder / ".unlisted").exists()


@pytest.mark.parametrize("name", ["model.json", "arrays.npz"])
def test_a_damaged_model_is_never_used(store: Store, settings: Settings, model: Model, name: str) -> None:
    made = store.monitors.add("etch", new(model), "kim")
    change_one_byte(store.monitors.models.folder / made.id / name, random.Random(3))
    elsewhere = open_store(settings)
    with pytest.raises(DamagedError, match="etch@1"):
        elsewhere.monitors.model(elsewhere.monitors.version("etch"))
    elsewhere.close()


def test_another_model_in_the_folder_of_a_version_is_never_used(
    store: Store, settings: Settings, model: Model, other: Model
) -> None:
    made = store.monitors.add("etch", new(model), "kim")
    other.save(store.monitors.models.folder / made.id)
    elsewhere = open_store(settings)
    with pytest.raises(DamagedError, match="etch@1"):
        elsewhere.monitors.model(elsewhere.monitors.version("etch"))
    elsewhere.close()


def test_damaged_golden_rows_say_so(store: Store, model: Model) -> None:
    made = store.monitors.add("etch", new(model), "kim")
    assert made.golden is not None
    change_one_byte(store.monitors.golden.folder / made.golden.id / "rows.parquet", random.Random(1))
    with pytest.raises(DamagedError, match="etch v1"):
        store.monitors.golden_rows(made.golden)


def test_a_deleted_monitor_can_be_brought_back_and_its_name_is_free_meanwhile(
    store: Store, model: Model, other: Model
) -> None:
    store.monitors.add("etch", new(model), "kim")
    store.monitors.delete("etch", "kim")
    with pytest.raises(NotFoundError):
        store.monitors.get("etch")
    assert store.monitors.restore("etch", "kim").in_use is not None
    store.monitors.delete("etch", "kim")
    fresh = store.monitors.add("etch", new(other), "lee", fresh=True)
    assert fresh.number == 1
    with pytest.raises(InputError, match="etch already"):
        store.monitors.restore("etch", "kim")
    assert store.monitors.model(store.monitors.version("etch")).digest == other.digest


def test_the_files_of_a_deleted_monitor_go_when_it_can_be_undone_no_longer(store: Store, model: Model) -> None:
    gone = store.monitors.add("etch", new(model), "kim")
    kept = store.monitors.add("depo", new(model, golden=gone.golden), "kim")
    store.monitors.add("etch", new(model), "kim")
    store.monitors.delete("etch", "kim")
    store.sweep()
    assert len(folders_of(store)) == 5
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="microseconds")
    with store.database.begin() as connection:
        connection.execute(update(monitor_rows).where(monitor_rows.c.name == "etch").values(deleted=long_ago))
    store.sweep()
    assert kept.golden is not None
    assert sorted(folders_of(store)) == sorted([kept.id, kept.golden.id]), "a golden set that another monitor has stays"
    with store.database.read() as connection:
        assert connection.execute(select(monitor_versions.c.id)).scalars().all() == [kept.id]
        assert connection.execute(select(golden_sets.c.id)).scalars().all() == [kept.golden.id]
    with pytest.raises(NotFoundError):
        store.monitors.restore("etch", "kim")


def test_threshold_and_equipment_can_be_chosen_anew(store: Store, model: Model) -> None:
    store.monitors.add("etch", new(model, equipment=["E1"]), "kim")
    changed = store.monitors.change("etch", "lee", policy={"false_alarms": 1.0})
    assert (changed.policy, changed.equipment) == ({"false_alarms": 1.0}, ("E1",))
    assert store.monitors.change("etch", "lee", every_equipment=True).equipment is None
    assert store.audit.recent(1)[0].action == "change monitor"


@pytest.mark.parametrize(
    ("wish", "by"),
    [
        (Thresholds(), "auto"),
        (Thresholds(threshold=2.5), "hand"),
        (Thresholds(false_alarms=100_000.0), "false_alarms"),
        (Thresholds(false_alarms=0.001), "false_alarms"),
    ],
)
def test_the_threshold_of_a_policy_is_known_without_the_model(model: Model, wish: Thresholds, by: str) -> None:
    about = json.loads(json.dumps(model_facts(model)))
    found = threshold_by_policy(about, policy_of(wish))
    scored = model.detect(
        TABLE.frame, threshold=wish.threshold, contamination=wish.contamination, false_alarms=wish.false_alarms
    )
    assert (found.threshold, found.by, found.promise) == (scored.threshold, by, scored.promise)
    assert thresholds_of(policy_of(wish)) == wish


def test_the_threshold_by_a_share_depends_on_the_rows(model: Model) -> None:
    found = threshold_by_policy(model_facts(model), policy_of(Thresholds(contamination=0.1)))
    assert (found.threshold, found.by) == (None, "contamination")


def test_a_model_without_a_threshold_is_kept_in_every_database(store: Store, model: Model) -> None:
    blind = replace(model, fitted=replace(model.fitted, threshold=math.inf))
    made = store.monitors.add("blind", new(blind, about=model_facts(blind)), "kim")
    json.dumps(made.about, allow_nan=False)
    assert threshold_by_policy(made.about, {}).threshold is None
    assert threshold_by_policy(made.about, {"false_alarms": 1.0}).threshold is None


def test_a_monitor_that_is_brought_back_while_old_ones_are_removed_keeps_its_files(store: Store, model: Model) -> None:
    made = store.monitors.add("etch", new(model), "kim")
    monitor = store.monitors.get("etch")
    store.monitors.delete("etch", "kim")
    store.monitors.restore("etch", "kim")
    store.monitors._retention._purge(monitor.id)  # another process had listed it before it came back
    assert store.monitors.get("etch").versions == [made]
    assert store.monitors.model(made).digest == model.digest


def test_of_versions_that_are_put_in_use_at_the_same_moment_one_is_in_use(store: Store, model: Model) -> None:
    for _ in range(5):
        store.monitors.add("etch", new(model, golden=None), "kim")
    start = threading.Barrier(4)

    def switch(number: int) -> None:
        for _ in range(10):
            start.wait(30)
            store.monitors.activate("etch", number, "kim")
            start.wait(30)
            seen.append([one.number for one in store.monitors.get("etch").versions if one.state is VersionState.IN_USE])

    seen: list[list[int]] = []
    threads = [threading.Thread(target=switch, args=(number,)) for number in (2, 3, 4, 5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert len(seen) == 40
    assert {len(one) for one in seen} == {1}


def test_a_monitor_watches_the_chosen_equipment_that_it_knows(store: Store, model: Model) -> None:
    store.monitors.add("etch", new(model, about=model_facts(model)), "kim")
    assert store.monitors.get("etch").watched == ["E1"]
    assert store.monitors.change("etch", "kim", equipment=["E2"]).watched == []
    assert store.monitors.change("etch", "kim", every_equipment=True).watched == ["E1"]
