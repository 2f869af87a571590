"""A kept file that was damaged gives the values that were written, or a sentence: never other values, never a crash."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.store.faults import change_one_byte
from tests.store.old_layout import write_result, write_table
from tests.store.test_results import assert_same
from waferwatch.errors import DamagedError, NotFoundError
from waferwatch.read.frames import table_from_frame
from waferwatch.read.recipe.reading import Reading
from waferwatch.read.table import Table
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.settings import Settings
from waferwatch.store.disk.tables import has_table, load_table, save_table
from waferwatch.store.disk.uploads import Uploads
from waferwatch.store.results import Results

RUN = "a" * 16
TIMES = 200
DOCUMENT = {"rows": [{"detector": "pca", "seconds": 1.25, "notes": [None, "이름", True]} for _ in range(20)]}


@pytest.fixture(scope="module")
def table() -> Table:
    return table_from_frame(generate(rows=600, equipment=3, seed=4), name="small")


@pytest.fixture(scope="module")
def found(table: Table) -> Detection:
    return detect_table(table, Question(detector="squared_difference", contamination=0.02))


def try_damage(path: Path, read: Callable[[], None], seed: int, times: int = TIMES) -> int:
    """Change one byte again and again; ``read`` checks the values. Returns how often it was told as damaged."""
    files = {one: one.read_bytes() for one in path.parent.iterdir() if one.is_file()}
    chance, damaged = random.Random(seed), 0
    for _ in range(times):
        at = change_one_byte(path, chance)
        try:
            read()
        except DamagedError as told:
            damaged += 1
            if told.status != 410 or str(path.parent) in str(told):
                raise AssertionError(f"a path of the server, or another status: {told}") from told
        except Exception as error:
            raise AssertionError(f"byte {at} of {path.name}: {error!r}") from error
        for one, content in files.items():
            one.write_bytes(content)
    return damaged


@pytest.mark.parametrize("pattern", ["detection.json", "scores-*.parquet"])
def test_a_damaged_result_is_reported_and_never_shows_other_values(
    tmp_path: Path, found: Detection, pattern: str
) -> None:
    results = Results(Settings(data_dir=tmp_path))
    results.clean()
    results.put_detection(RUN, found)
    (path,) = (results.folder / RUN).glob(pattern)

    def read() -> None:
        fresh = Results(Settings(data_dir=tmp_path))
        assert fresh.events(RUN).events == found.events
        assert_same(fresh.detection(RUN), found)

    assert try_damage(path, read, seed=1) == TIMES
    read()


def test_a_damaged_result_is_not_made_whole_by_another_threshold(tmp_path: Path, found: Detection) -> None:
    results = Results(Settings(data_dir=tmp_path))
    results.clean()
    results.put_detection(RUN, found)
    change_one_byte(results.folder / RUN / "detection.json", random.Random(1))
    with pytest.raises(DamagedError):
        results.put_threshold(RUN, found)


def test_a_result_that_lost_a_file_is_damaged_and_one_without_its_folder_is_gone(
    tmp_path: Path, found: Detection
) -> None:
    results = Results(Settings(data_dir=tmp_path))
    results.clean()
    for pattern in ("detection.json", "scores-*.parquet"):
        results.put_detection(RUN, found)
        (path,) = (results.folder / RUN).glob(pattern)
        path.unlink()
        with pytest.raises(DamagedError):
            Results(Settings(data_dir=tmp_path)).detection(RUN)
    results.delete(RUN)
    with pytest.raises(NotFoundError) as told:
        results.detection(RUN)
    assert not isinstance(told.value, DamagedError)


def test_a_damaged_document_is_reported_and_never_shows_other_values(tmp_path: Path) -> None:
    results = Results(Settings(data_dir=tmp_path))
    results.clean()
    results.put_document(RUN, DOCUMENT)

    def read() -> None:
        assert results.document(RUN) == DOCUMENT

    path = results.folder / RUN / "document.json"
    assert try_damage(path, read, seed=2) == TIMES
    head = path.read_bytes()
    for at in range(90):  # every byte of the checksum and around it
        path.write_bytes(head[:at] + bytes([head[at] ^ 1]) + head[at + 1 :])
        with pytest.raises(DamagedError):
            results.document(RUN)


@pytest.mark.parametrize("name", ["table-1.json", "table-1.parquet"])
def test_a_damaged_table_is_reported_and_never_shows_other_values(tmp_path: Path, table: Table, name: str) -> None:
    save_table(table, tmp_path, "table-1")

    def read() -> None:
        kept = load_table(tmp_path, "table-1", "small")
        assert kept is not None
        pd.testing.assert_frame_equal(kept.frame, table.frame)
        assert kept.roles == table.roles
        assert (kept.groups, kept.first_row) == (table.groups, table.first_row)

    assert try_damage(tmp_path / name, read, seed=3) == TIMES


def test_a_file_that_was_cut_short_is_reported(tmp_path: Path, table: Table, found: Detection) -> None:
    results = Results(Settings(data_dir=tmp_path))
    results.clean()
    results.put_detection(RUN, found)
    save_table(table, tmp_path, "table-1")
    kept: dict[Path, Callable[[], object]] = {
        **dict.fromkeys(
            (results.folder / RUN).glob("[!.]*"), lambda: Results(Settings(data_dir=tmp_path)).detection(RUN)
        ),
        **dict.fromkeys(tmp_path.glob("table-1.*"), lambda: load_table(tmp_path, "table-1", "small")),
    }
    assert len(kept) == 4
    for path, read in kept.items():
        content = path.read_bytes()
        for size in (0, 1, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:size])
            with pytest.raises(DamagedError):
                read()
        path.write_bytes(content)


def upload(uploads: Uploads, content: bytes) -> str:
    incoming = uploads.open()
    incoming.file.write_bytes(content)
    uploads.keep(incoming, "a.csv")
    return incoming.id


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    made = Uploads(Settings(data_dir=tmp_path))
    made.folder.mkdir()
    return made


CSV = "time,pressure,flow\n" + "\n".join(f"{at},{at % 5},{at % 7}" for at in range(200))


@pytest.mark.parametrize("name", ["data", "upload.json"])
def test_a_damaged_upload_is_reported_and_never_read(uploads: Uploads, name: str) -> None:
    kept = upload(uploads, CSV.encode())

    def read() -> None:
        assert uploads.original(kept, "a.csv").read_bytes() == CSV.encode()

    assert try_damage(uploads.folder / kept / name, read, seed=5) == TIMES


def test_a_table_that_lost_against_another_change_of_roles_leaves_the_other_s(uploads: Uploads, table: Table) -> None:
    kept = upload(uploads, CSV.encode())
    before = uploads.load(kept, "a.csv", 1, None)
    assert not uploads.save(kept, 1, table, lambda: False)
    pd.testing.assert_frame_equal(uploads.load(kept, "a.csv", 1, None).frame, before.frame)
    assert uploads.save(kept, 1, table, lambda: True)
    pd.testing.assert_frame_equal(uploads.load(kept, "a.csv", 1, None).frame, table.frame)
    assert [path.name for path in uploads.folder.iterdir()] == [kept]


@pytest.mark.parametrize("name", ["table-1.json", "table-1.parquet"])
def test_a_damaged_table_is_read_from_the_uploaded_file_again(uploads: Uploads, name: str) -> None:
    kept = upload(uploads, CSV.encode())
    before = uploads.load(kept, "a.csv", 1, Reading())
    path = uploads.folder / kept / name
    content = path.read_bytes()
    change_one_byte(path, random.Random(6))
    pd.testing.assert_frame_equal(uploads.load(kept, "a.csv", 1, Reading()).frame, before.frame)
    assert path.read_bytes() == content, "and kept again"


def test_a_damaged_table_of_earlier_roles_is_reported_since_no_file_has_them(uploads: Uploads) -> None:
    kept = upload(uploads, CSV.encode())
    change_one_byte(uploads.folder / kept / "table-1.parquet", random.Random(6))
    with pytest.raises(DamagedError):
        uploads.load(kept, "a.csv", 1, None)


def test_a_table_whose_upload_is_damaged_too_is_reported(uploads: Uploads) -> None:
    kept = upload(uploads, CSV.encode())
    for name in ("table-1.parquet", "data"):
        change_one_byte(uploads.folder / kept / name, random.Random(6))
    with pytest.raises(DamagedError):
        uploads.load(kept, "a.csv", 1, Reading())


def test_files_of_a_data_set_that_are_gone_are_reported_without_a_path(uploads: Uploads) -> None:
    kept = upload(uploads, CSV.encode())
    for path in (uploads.folder / kept).glob("[!.]*"):
        path.unlink()
    for read in (lambda: uploads.original(kept, "a.csv"), lambda: uploads.load(kept, "a.csv", 1, Reading())):
        with pytest.raises(NotFoundError) as told:
            read()
        assert str(uploads.folder) not in str(told.value)


def test_an_upload_of_version_0_3_is_read_without_a_checksum(uploads: Uploads) -> None:
    kept = upload(uploads, CSV.encode())
    (uploads.folder / kept / "upload.json").unlink()
    assert uploads.original(kept, "a.csv").read_bytes() == CSV.encode()


def test_a_table_of_version_0_3_is_read_anew_from_the_upload(uploads: Uploads, table: Table) -> None:
    """It lost the zone of its times. Only the roles as they are now can be given to what is read anew."""
    kept = upload(uploads, CSV.encode())
    for version in (1, 2):
        write_table(table, uploads.folder / kept, f"table-{version}")
        assert not uploads.has(kept, version)
    read = uploads.load(kept, "a.csv", 2, Reading())
    assert list(read.frame.columns) != list(table.frame.columns)
    assert uploads.has(kept, 2)
    with pytest.raises(NotFoundError):
        uploads.load(kept, "a.csv", 1, None)


def test_a_damaged_table_counts_as_kept_so_that_its_damage_is_reported(uploads: Uploads) -> None:
    kept = upload(uploads, CSV.encode())
    file = uploads.folder / kept / "table-1.json"
    file.write_bytes(file.read_bytes()[:-10])
    assert uploads.has(kept, 1)
    with pytest.raises(DamagedError):
        uploads.load(kept, "a.csv", 1, None)


@pytest.mark.parametrize("name", ["rows.parquet", "detection.json"])
def test_a_damaged_result_of_version_0_3_never_crashes(tmp_path: Path, found: Detection, name: str) -> None:
    """It has no checksum, so that other values cannot be told from those that were written."""
    results = Results(Settings(data_dir=tmp_path))
    write_result(results.folder / RUN, found)

    def read() -> None:
        fresh = Results(Settings(data_dir=tmp_path))
        fresh.events(RUN)
        fresh.detection(RUN)

    assert try_damage(results.folder / RUN / name, read, seed=7) > 0


def test_a_damaged_table_of_version_0_3_never_crashes(tmp_path: Path, table: Table) -> None:
    """Its values are not used any more; its description alone is looked at."""
    write_table(table, tmp_path, "table-1")

    def read() -> None:
        has_table(tmp_path, "table-1")
        load_table(tmp_path, "table-1", "small")

    assert try_damage(tmp_path / "table-1.json", read, seed=8) > 0
