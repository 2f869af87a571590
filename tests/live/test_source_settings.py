"""The file that names the sources, its patterns of topics, and times as tools write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waferwatch.cli import main
from waferwatch.errors import InputError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.buses.gathering import Gathering
from waferwatch.live.sources.buses.secs.times import SampleClock, nanoseconds_of, period_text
from waferwatch.live.sources.buses.settings import FILE, read_sources, shown
from waferwatch.live.sources.buses.topics import TopicPattern

MQTT = {"kind": "mqtt", "name": "line-1", "host": "broker", "topics": ["fab/{equipment}/{sensor}"], "password": "x1"}
SECOND = 1_000_000_000


def test_sources_are_read_and_shown_without_secrets(tmp_path: Path) -> None:
    (found,) = read_sources(written(tmp_path, {"sources": [MQTT]}))
    assert found.name == "line-1"
    assert shown(found)["password"] == "..."
    assert read_sources(tmp_path / "no-file.json") == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"sources": [{**MQTT, "prot": 1}]}, "sources.0.mqtt.prot"),
        ({"sources": [{**MQTT, "port": 0}]}, "sources.0.mqtt.port"),
        ({"sources": [{**MQTT, "kind": "amqp"}]}, "sources.0"),
        ({"sources": [MQTT, MQTT]}, "line-1"),
        ([], "sources"),
    ],
)
def test_a_wrong_field_is_named_with_its_place(tmp_path: Path, document: Any, place: str) -> None:
    with pytest.raises(InputError, match=place):
        read_sources(written(tmp_path, document))


def test_a_topic_says_what_its_places_are() -> None:
    pattern = TopicPattern("fab/+/{equipment}/{lot}/{sensor}")
    assert pattern.filter == "fab/+/+/+/+"
    assert pattern.is_of_one_sensor
    assert pattern.parts("fab/etch/PM1/L1/He.flow") == {"equipment": "PM1", "lot": "L1", "sensor": "He.flow"}
    assert pattern.parts("fab/etch/PM1/L1") is None
    assert TopicPattern("fab/{equipment}/#").parts("fab/PM1/a/b") == {"equipment": "PM1"}


@pytest.mark.parametrize("text", ["fab/{chamber}", "{equipment}/{equipment}", "fab/x{equipment}"])
def test_a_topic_with_a_place_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="topic"):
        TopicPattern(text)


def test_a_late_reading_makes_another_row_of_the_same_time() -> None:
    gathering = Gathering(1.0)
    gathering.add(reading(0.2, "a", 1.0), "m1")
    gathering.add(reading(0.9, "b", 2.0), "m2")
    assert list(gathering.complete()) == []
    gathering.add(reading(1.1, "a", 3.0), "m3")
    ((row, messages),) = gathering.complete()
    assert (row.time, row.readings, messages) == (0, {"a": 1.0, "b": 2.0}, ["m1", "m2"])
    gathering.add(reading(0.95, "c", 4.0), "m4")
    rows = [row for row, _ in gathering.complete(everything=True)]
    assert [(row.time, row.readings) for row in rows] == [(0, {"c": 4.0}), (SECOND, {"a": 3.0})]


@pytest.mark.parametrize(
    ("stime", "expected"),
    [
        ("2026010508000050", "2026-01-05T08:00:00.50"),
        ("260105080000", "2026-01-05T08:00:00"),
        ("2026-01-05T08:00:00.125Z", "2026-01-05T08:00:00.125"),
    ],
)
def test_times_of_tools_are_read_in_all_three_forms(stime: str, expected: str) -> None:
    import numpy as np

    assert nanoseconds_of(stime) == np.datetime64(expected, "ns").astype(np.int64)


def test_a_time_that_is_none_is_none() -> None:
    assert nanoseconds_of("yesterday") is None
    assert nanoseconds_of("20261305080000") is None


def test_samples_within_a_second_of_a_coarse_clock_get_times_of_their_own() -> None:
    clock = SampleClock(0.25)
    times = [clock.time_of(sample, sample // 4 * SECOND) for sample in range(4, 12)]
    assert [time / SECOND for time in times] == [1 + at / 4 for at in range(8)]


def test_a_clock_that_was_set_is_followed() -> None:
    clock = SampleClock(1.0)
    assert [clock.time_of(1, 0), clock.time_of(2, 3600 * SECOND)] == [0, 3600 * SECOND]


def test_periods_are_written_with_hundredths_where_needed() -> None:
    assert (period_text(1), period_text(0.1), period_text(3661)) == ("000001", "00000010", "010101")


def test_the_command_lists_sources_and_says_which_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "live").mkdir()
    written(tmp_path / "live", {"sources": [MQTT]})
    assert main(["sources", "list", "--data-dir", str(tmp_path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed["sources"]] == ["line-1"]
    assert main(["sources", "check", "line-2", "--data-dir", str(tmp_path)]) == 2
    assert "line-1" in capsys.readouterr().err


def reading(seconds: float, sensor: str, value: float) -> LiveRow:
    return LiveRow("PM1", round(seconds * SECOND), {sensor: value})


def written(folder: Path, document: Any) -> Path:
    path = folder / FILE
    path.write_text(json.dumps(document))
    return path
