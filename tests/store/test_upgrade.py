"""What version 0.3.0 kept opens in this version, in both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.store.old_layout import LONG_AGO, OLD_ID, as_it_was, insert, make_tables, run_row, write_result, write_table
from tests.store.test_results import assert_same
from waferwatch.errors import NotFoundError
from waferwatch.jobs.monitors.judged import runs_of
from waferwatch.read.files import read_table
from waferwatch.read.table import Table
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table, fit_table
from waferwatch.scoring.thresholds.rethreshold import with_threshold
from waferwatch.settings import Settings
from waferwatch.store.database.connection import Database
from waferwatch.store.database.schema import metadata
from waferwatch.store.monitors.facts import model_facts
from waferwatch.store.monitors.monitors import NewGolden, NewVersion
from waferwatch.store.monitors.records import Origin
from waferwatch.store.runs import State
from waferwatch.store.store import Store, open_store
from waferwatch.store.verdicts import Judgement, event_verdicts

NAME = "에칭 3월.csv"
CSV = "time,pressure,flow,tool\n" + "\n".join(
    f"2026-01-0{1 + at // 144} {at // 6 % 24:02}:{at % 6}0:00+09:00,{at % 5 + 50 * (at == 200)},{at % 7},E{at % 2}"
    for at in range(400)
)


@pytest.fixture
def kept(settings: Settings) -> Detection:
    """One upload whose column ``flow`` a person called context, one finished run on it and one verdict."""
    folder = settings.data_dir / "datasets" / OLD_ID
    folder.mkdir(parents=True)
    (folder / "data").write_text(CSV, "utf-8")
    table = read_table(folder / "data", name=NAME, roles={"flow": "context"})
    write_table(table, folder, "table-1")
    write_table(table, folder, "table-2")
    found = as_it_was(detect_table(table, Question(detector="squared_difference", contamination=0.02)))
    write_result(settings.data_dir / "runs" / OLD_ID, found)
    database = Database(settings)
    make_tables(database)
    dataset = {
        "id": OLD_ID,
        "name": NAME,
        "rows": len(table.frame),
        "columns": len(table.frame.columns),
        "bytes": len(CSV),
        "created": LONG_AGO,
        "roles": {column: role.value for column, role in table.roles.items()},
        "chosen": {"flow": "context"},
        "version": 2,
    }
    options = {"dataset": OLD_ID, "detector": "squared_difference", "contamination": 0.02, "version": 2}
    done = {"dataset": OLD_ID, "dataset_name": NAME, "options": options, "state": "done", "progress": 1.0}
    insert(database, "datasets", dataset)
    insert(database, "runs", run_row(**done, finished=LONG_AGO, summary={"anomalies": int(found.flags.sum())}))
    verdict = {"run": OLD_ID, "row": int(found.events[0].peak_row), "verdict": "true_alarm", "note": "매칭 불량"}
    insert(database, "verdicts", verdict | {"user": "kim", "at": LONG_AGO})
    entry = {"at": LONG_AGO, "user": "kim", "action": "upload data set", "subject": OLD_ID, "detail": {"rows": 400}}
    insert(database, "audit", entry)
    database.close()
    return found


@pytest.fixture
def upgraded(kept: Detection, settings: Settings) -> Iterator[Store]:
    """This version on what 0.3.0 kept."""
    store = open_store(settings)
    assert store.prepare() == []
    store.settle()
    yield store
    store.close()


def test_a_data_set_of_0_3_0_is_there_with_the_roles_that_a_person_gave(upgraded: Store) -> None:
    dataset = upgraded.datasets.get(OLD_ID)
    assert (dataset.name, dataset.rows, dataset.version) == (NAME, 400, 2)
    assert upgraded.datasets.chosen(OLD_ID).options.roles == {"flow": "context"}
    table = upgraded.datasets.table(OLD_ID)
    assert table.roles["flow"].value == "context"
    assert table.zone is not None, "the upload is read anew, for 0.3.0 lost the zone of its times"
    assert table.frame["pressure"].sum() == sum(at % 5 for at in range(400)) + 50
    assert upgraded.datasets.original(OLD_ID).read_text("utf-8") == CSV
    assert upgraded.datasets.set_roles(OLD_ID, {"flow": "sensor"})[0].version == 3


def test_an_older_version_of_the_roles_of_0_3_0_follows_the_roles_as_they_are(upgraded: Store) -> None:
    pd.testing.assert_frame_equal(upgraded.datasets.table(OLD_ID, 1).frame, upgraded.datasets.table(OLD_ID).frame)
    assert upgraded.datasets.table(OLD_ID, 1).roles == upgraded.datasets.table(OLD_ID, 2).roles


def test_a_run_of_0_3_0_is_there_with_its_result_and_its_verdict(upgraded: Store, kept: Detection) -> None:
    run = upgraded.runs.get(OLD_ID)
    assert (run.state, run.dataset, run.user) == (State.DONE, OLD_ID, "kim")
    found = upgraded.results.detection(OLD_ID)
    assert run.summary == {"anomalies": int(found.flags.sum())}
    assert_same(found, kept)
    assert found.flags.any()
    (verdict,) = upgraded.verdicts.of(OLD_ID)
    assert (verdict.verdict, verdict.note) == (Judgement.TRUE_ALARM, "매칭 불량")
    assert event_verdicts(found.event_ids, [verdict]) == {found.events[0].id: verdict}
    assert [entry.subject for entry in upgraded.audit.recent()] == [OLD_ID]


def test_the_threshold_of_a_run_of_0_3_0_can_be_moved(upgraded: Store, settings: Settings) -> None:
    found = upgraded.results.detection(OLD_ID)
    moved = with_threshold(upgraded.datasets.table(OLD_ID, 2), found, found.threshold * 2)
    upgraded.results.put_threshold(OLD_ID, moved)
    other = open_store(settings)
    assert_same(other.results.detection(OLD_ID), moved)
    other.close()


def test_what_0_3_0_kept_can_be_deleted(upgraded: Store) -> None:
    upgraded.delete_run(OLD_ID)
    with pytest.raises(NotFoundError):
        upgraded.results.detection(OLD_ID)
    assert upgraded.verdicts.of(OLD_ID) == []
    upgraded.datasets.delete(OLD_ID)
    assert upgraded.datasets.restore(OLD_ID).name == NAME


def test_every_migration_after_0_3_0_leads_to_the_tables_of_the_schema(settings: Settings) -> None:
    database = Database(settings)
    make_tables(database)
    database.migrate()
    with database.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    database.close()


def test_a_run_that_0_3_0_left_unfinished_is_interrupted(settings: Settings) -> None:
    database = Database(settings)
    make_tables(database)
    unfinished, done = f"{0:016}", f"{1:016}"
    insert(database, "runs", run_row(id=unfinished))
    insert(database, "runs", run_row(id=done, state="done"))
    database.close()
    store = open_store(settings)
    assert store.prepare() == [unfinished]
    assert store.runs.get(unfinished).state is State.INTERRUPTED
    assert store.runs.get(done).state is State.DONE
    assert store.runs.unwanted([done]) == {done}
    store.close()


@pytest.mark.parametrize("revision", ["0001", "0003"])
def test_monitors_are_kept_next_to_what_an_older_version_left(settings: Settings, revision: str) -> None:
    database = Database(settings)
    make_tables(database, revision)
    insert(database, "runs", run_row(state="done", finished=LONG_AGO))
    database.close()
    store = open_store(settings)
    store.prepare()
    run = store.runs.get(OLD_ID)
    assert (run.state, run.monitor) == (State.DONE, None)
    table = read_old_table(settings)
    model = fit_table(table, detector="squared_difference")
    made = store.monitors.add("etch", NewVersion(model, model_facts(model), Origin.LEARNT, NewGolden(table, {})), "kim")
    assert store.monitors.model(made).digest == model.digest
    assert runs_of(store, store.monitors.get("etch")) == [], "a run of before has no monitor"
    store.close()


def read_old_table(settings: Settings) -> Table:
    path = settings.data_dir / "old.csv"
    path.write_text(CSV, "utf-8")
    return read_table(path)
