"""Live scores of equipment of many forms: settled ones are those of the file, early ones those of any other batches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.live.fab import Heard, kept_rows, until
from tests.live.forms import Family, families, live_rows
from waferwatch.live.log.reading import every_equipment
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.scoring import early_scores, workers
from waferwatch.live.scoring.settled_scores import SettledScorer
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.service import LiveService
from waferwatch.settings import current_settings, read_settings
from waferwatch.store.store import Store, open_store

FAMILIES = {one.monitor: one for one in families()}
TINY = Path(__file__).parents[1] / "tiny_checkpoint"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """With the small checkpoint."""
    folder = tmp_path / "data"
    shutil.copytree(TINY, folder / "checkpoints" / "tiny")
    monkeypatch.setenv("WAFERWATCH_DATA_DIR", str(folder))
    current_settings.cache_clear()
    yield folder
    current_settings.cache_clear()


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest, data_dir: Path) -> Family:
    """One whose monitor is learnt."""
    found = FAMILIES[request.param]
    checkpoint = "tiny" if found.detector == "moment" else None
    with waferwatch.MonitorLibrary(data_dir) as monitors:
        monitors.fit(found.monitor, found.golden(), detector=found.detector, checkpoint=checkpoint)
    return found


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    opened = open_store(read_settings({}, data_dir=data_dir, live_pause_s=60.0))
    opened.prepare()
    yield opened
    opened.close()


def interleaved(family: Family, rng: np.random.Generator, most: int) -> Iterator[list[LiveRow]]:
    """Rows of all equipment in batches of any size, as if all sent at once."""
    left = {name: live_rows(frame) for name, frame in family.live().items()}
    while left:
        name = str(rng.choice(sorted(left)))
        count = int(rng.integers(1, most))
        yield left[name][:count]
        left[name] = left[name][count:]
        if not left[name]:
            del left[name]


def end_all(service: LiveService, family: Family, source: str) -> None:
    """A row of a later series of each equipment: all of the one before is final then."""
    for name, frame in family.live().items():
        last = live_rows(frame)[-1]
        service.parts.log.end_series(source, name)
        after = LiveRow(name, last.time + 10**13, last.readings, "after", "after", last.recipe, last.step)
        service.parts.log.accept(source, [after])


def all_taken_in(service: LiveService) -> bool:
    scorer = SettledScorer(service.parts.database)
    with service.parts.database.reading() as connection:
        return not any(scorer.waiting(connection, one.id) for one in every_equipment(connection))


def scores_of(store: Store, family: Family, source: str, most: int, *, whole: bool) -> pd.DataFrame:
    """What live monitoring says of every row, by equipment and time.

    Args:
        whole: through two restarts and with all settled scores; otherwise early ones alone.
    """
    rng = np.random.default_rng(most)
    service = LiveService(store.settings, store, Heard())
    service.start()
    service.watch(Watch("*", "*", family.monitor))
    batches = list(interleaved(family, rng, most))
    for number, batch in enumerate(batches):
        service.parts.log.accept(source, batch)
        if whole and number % (len(batches) // 3) == 1:
            until(lambda: not service.parts.waiting, "early scores")
            service.stop()
            service.start()
    end_all(service, family, source)
    until(lambda: not service.parts.waiting, "early scores")
    if whole:
        until(lambda: all_taken_in(service), "all scores", 240)
    found = kept_rows(service.parts.database)
    service.stop()
    lengths = {name: len(frame) for name, frame in family.live().items()}
    found = found[found["source"] == source]
    mine = [rows.iloc[: lengths[str(name)]] for name, rows in found.groupby("equipment", sort=True)]
    assert [len(one) for one in mine] == [lengths[name] for name in sorted(lengths)]
    return pd.concat(mine, ignore_index=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.3)
    monkeypatch.setattr(workers, "TICK_S", 0.02)
    monkeypatch.setattr(workers, "BLOCK", 300)  # not a multiple of the distance between windows
    monkeypatch.setattr(workers, "MOST_BLOCK", 700)
    monkeypatch.setattr(early_scores, "KEPT_EVERY", 50)
    monkeypatch.setattr(early_scores, "LATEST_S", 3600.0)


def test_there_are_enough_forms() -> None:
    assert sum(len(one.forms) for one in FAMILIES.values()) >= 20


def test_settled_scores_are_those_of_the_file_and_early_ones_those_of_any_batches(family: Family, store: Store) -> None:
    found = scores_of(store, family, "line", 400, whole=True)
    model = store.monitors.model(store.monitors.version(family.monitor))
    for name, frame in family.live().items():
        mine, expected = found[found["equipment"] == name], model.detect(frame).scores
        np.testing.assert_allclose(mine["settled"], expected, rtol=0, atol=1e-4, err_msg=f"{family.monitor}: {name}")
    again = scores_of(store, family, "other batches", 90, whole=False)
    pd.testing.assert_series_equal(again["early"], found["early"], check_exact=True)
    early = replace(model, fitted=model.early)
    for name, frame in family.live().items() if model.early.decades is not None else ():
        mine, expected = found[found["equipment"] == name], early.detect(frame).scores
        np.testing.assert_allclose(mine["early"], expected, rtol=0, atol=1e-6, err_msg=f"{family.monitor}: {name}")
    assert (model.early.decades is not None) == (family.monitor == "pumped")
    assert found["early"].notna().mean() > 0.8
    assert found["settled"].notna().mean() > 0.8
