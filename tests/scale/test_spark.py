"""Partitions of a Spark data frame, as Spark hands them over: an iterator of record batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import waferwatch
from waferwatch.errors import WaferwatchError
from waferwatch.scale.engines.spark import FLAG, SCORE, scorer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spark") / "model"
    good = waferwatch.generate(6000, equipment=1, seed=3).drop(columns=["anomaly", "fault_kind"])
    waferwatch.fit(good[:2500], detector="moving_variance").save(folder)
    return folder


def test_a_partition_has_the_scores_of_its_frame_and_keeps_its_rows_and_columns(model: Path) -> None:
    frame = waferwatch.generate(3000, equipment=1, seed=4).drop(columns=["anomaly", "fault_kind"])
    batches = pa.Table.from_pandas(frame, preserve_index=False).to_batches(max_chunksize=700)
    answer = pa.Table.from_batches(scorer(str(model))(iter(batches)))
    found = waferwatch.load(model).detect(frame)
    assert answer.column_names == [*frame.columns, SCORE, FLAG]
    assert answer["timestamp"].to_pylist() == frame["timestamp"].tolist()
    np.testing.assert_allclose(answer[SCORE].to_pandas(), found.scores)
    assert answer[FLAG].to_pylist() == found.flags.tolist()
    assert found.flags.any()


def test_an_empty_partition_stays_empty(model: Path) -> None:
    assert list(scorer(str(model))(iter([]))) == []


def test_rows_without_what_the_model_needs_are_refused(model: Path) -> None:
    rows = pa.RecordBatch.from_pydict({"timestamp": [1.0, 2.0], "other": [3.0, 4.0]})
    with pytest.raises(WaferwatchError, match="pressure"):
        list(scorer(str(model))(iter([rows])))
