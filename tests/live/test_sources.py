"""What every source promises: each row arrives once, and none is acknowledged before it is kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson
import pandas as pd
import pytest

from tests.live.fab import as_rows, live_frame, until
from tests.server_process import free_port
from waferwatch.errors import InputError, StorageFullError, TooManyError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log import names
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.log.writer import Accepted, RowLog
from waferwatch.live.sources.folder import FolderFile, FolderOptions, FolderSource
from waferwatch.live.sources.forms.json_rows import rows_of_json
from waferwatch.live.sources.replay import ReplaySource
from waferwatch.live.sources.source import Taker
from waferwatch.read.frames import table_from_frame

TOPICS = ["fab/{equipment}", "lab/{equipment}/{sensor}"]
Key = tuple[str, int, str, float]


class Refusing:
    """A log that refuses at first, as one does that is behind or on a full disk."""

    def __init__(self, log: RowLog, refusals: int) -> None:
        self._log = log
        self.left = refusals

    def accept(self, source: str, rows: Sequence[LiveRow], marks: Mapping[str, int] | None = None) -> Accepted:
        if self.left:
            self.left -= 1
            if self.left % 2:
                raise StorageFullError("full")
            raise TooManyError("behind", seconds=0)
        return self._log.accept(source, rows, marks)


class Harness(Protocol):
    """A source, and what sends to it."""

    def start(self, taker: Taker) -> None: ...

    def send(self, frame: pd.DataFrame) -> None: ...

    def stop(self) -> None: ...

    def again(self, taker: Taker) -> None:
        """Another source in place of the first, as after a restart."""


class FolderHarness:
    def __init__(self, folder: Path, database: LiveDatabase) -> None:
        self._folder = folder / "drop"
        self._folder.mkdir()
        self._database = database
        self._source = FolderSource(FolderOptions(self._folder, settle_s=0.05), database)
        self._count = 0

    def start(self, taker: Taker) -> None:
        self._source.start(taker)

    def send(self, frame: pd.DataFrame) -> None:
        self._count += 1
        frame.to_csv(self._folder / f"{self._count}.csv", index=False)

    def stop(self) -> None:
        self._source.stop()

    def again(self, taker: Taker) -> None:
        self._source = FolderSource(FolderOptions(self._folder, settle_s=0.05), self._database)
        self._source.start(taker)


class ReplayHarness:
    """Each table is a replay of its own."""

    def __init__(self, folder: Path, database: LiveDatabase) -> None:
        self._sources: list[ReplaySource] = []

    def start(self, taker: Taker) -> None:
        self._taker = taker

    def send(self, frame: pd.DataFrame) -> None:
        table = table_from_frame(frame, name="replayed")
        self._sources.append(ReplaySource(table, "replay", speed=0, keep_times=True))
        self._sources[-1].start(self._taker)

    def stop(self) -> None:
        for source in self._sources:
            source.stop()

    def again(self, taker: Taker) -> None:
        """What was sent while none ran is replayed now."""
        for source in self._sources[-1:]:
            source.wait()


class MqttHarness:
    """Debian's Mosquitto; rows are published by another client, and a kept session holds them while nobody reads."""

    def __init__(self, folder: Path, database: LiveDatabase) -> None:
        pytest.importorskip("paho.mqtt")
        from waferwatch.live.sources.mqtt import MqttOptions, MqttSource

        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if program is None:
            pytest.skip("mosquitto is not installed")
        self._port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self._port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        self._broker = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
        until(lambda: answers(self._port), "the broker")
        self._made = lambda: MqttSource(MqttOptions("line", "127.0.0.1", TOPICS, self._port))
        self._source = self._made()
        self._sender = self._connected()

    def publish(self, topic: str, message: bytes) -> None:
        self._sender.publish(topic, message, qos=1)

    def _connected(self) -> Any:
        from paho.mqtt import client as mqtt

        made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        made.connect("127.0.0.1", self._port)
        made.loop_start()
        return made

    def start(self, taker: Taker) -> None:
        self._source.start(taker)
        until(lambda: self._source.subscribed, "the subscription")

    def send(self, frame: pd.DataFrame) -> None:
        for row in as_rows(frame):
            self._sender.publish(f"fab/{row.equipment}", json_of(row, equipment=False), qos=1)

    def stop(self) -> None:
        self._source.stop()

    def close(self) -> None:
        self._sender.loop_stop()
        self._broker.terminate()
        self._broker.wait()

    def again(self, taker: Taker) -> None:
        self._source = self._made()
        self._source.start(taker)


class KafkaHarness:
    """The cluster that librdkafka mocks, on loopback."""

    def __init__(self, folder: Path, database: LiveDatabase) -> None:
        pytest.importorskip("aiokafka")
        confluent = pytest.importorskip("confluent_kafka")
        from waferwatch.live.sources.kafka import KafkaOptions, KafkaSource, marks_of

        self._producer = confluent.Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
        metadata = self._producer.list_topics("rows", timeout=30)
        broker = next(iter(metadata.brokers.values()))
        options = KafkaOptions("kafka", f"{broker.host}:{broker.port}", "rows")
        self._made = lambda: KafkaSource(options, lambda: marks_of(database, "kafka"))
        self._source = self._made()

    def start(self, taker: Taker) -> None:
        self._source.start(taker)

    def send(self, frame: pd.DataFrame) -> None:
        for row in as_rows(frame):
            self._producer.produce("rows", json_of(row, equipment=False), key=row.equipment)
        self._producer.flush(30)

    def stop(self) -> None:
        self._source.stop()

    def again(self, taker: Taker) -> None:
        self._source = self._made()
        self._source.start(taker)


class SecsHarness:
    """The simulated etch chamber: rows of one chamber only, since a connection is one equipment."""

    def __init__(self, folder: Path, database: LiveDatabase) -> None:
        pytest.importorskip("secsgem")
        from tests.live.etch_chamber import FIRST_SVID, STEP_EVENT, VIDS, EtchChamber
        from waferwatch.live.sources.secs import SecsOptions, SecsSource

        sensors = dict(enumerate(live_frame().columns[6:], start=FIRST_SVID))
        context: dict[str, str] = {}

        def made(port: int) -> SecsSource:
            options = SecsOptions("gem", "ETCH-01", "127.0.0.1", port, sensors=sensors, events={STEP_EVENT: VIDS})
            return SecsSource(options, lambda: context, context.update)

        self._new_chamber, self._made = EtchChamber, made
        port = free_port()
        self._chamber, self._source = EtchChamber(port), made(port)
        self._waiting: list[pd.DataFrame] = []
        self._running = False

    def start(self, taker: Taker) -> None:
        self._source.start(taker)
        until(self._chamber.ready, "the trace")
        self._running = True
        for frame in self._waiting:
            self._chamber.run(frame)

    def send(self, frame: pd.DataFrame) -> None:
        if self._running:
            self._chamber.run(frame)
        else:
            self._waiting.append(frame)

    def stop(self) -> None:
        self._source.stop()
        self._running = False

    def again(self, taker: Taker) -> None:
        """To a tool that has been started anew as well: with secsgem 0.3 a passive side does not listen twice."""
        self._chamber.close()
        port = free_port()
        self._chamber, self._source = self._new_chamber(port), self._made(port)
        self.start(taker)

    def close(self) -> None:
        self._chamber.close()


def json_of(row: LiveRow, *, equipment: bool = True) -> bytes:
    names = {name: getattr(row, name) for name in ("lot", "wafer", "recipe", "step")}
    record = {**names, "time": row.time, "sensors": dict(row.readings)}
    return orjson.dumps({**record, "equipment": row.equipment} if equipment else record)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


HARNESSES: list[Callable[[Path, LiveDatabase], Harness]] = [
    FolderHarness,
    ReplayHarness,
    MqttHarness,
    KafkaHarness,
    SecsHarness,
]


@pytest.fixture(params=HARNESSES, ids=lambda made: made.__name__.removesuffix("Harness").lower())
def harness(request: pytest.FixtureRequest, tmp_path: Path, database: LiveDatabase) -> Iterator[Harness]:
    made: Harness = request.param(tmp_path, database)
    yield made
    made.stop()
    if isinstance(made, MqttHarness | SecsHarness):
        made.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waferwatch.live.sources.chunks._FULL_S", 0.01)


def kept(database: LiveDatabase) -> list[tuple[str, int, str]]:
    with database.reading() as connection:
        query = """
        SELECT e.name, r.time, c.lot || '/' || c.wafer || '/' || c.recipe || '/' || c.step FROM live_rows r
        JOIN live_equipment e ON e.id = r.equipment JOIN live_contexts c ON c.id = r.context ORDER BY 1, 2
        """
        return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def frame(harness: Harness) -> pd.DataFrame:
    """Rows to send: 120 of both chambers, or 120 of the one that a connection is for."""
    both = live_frame(240)
    one = both[both["equipment"] == "ETCH-01"].reset_index(drop=True)
    return one if isinstance(harness, SecsHarness) else both[:120]


def expected(frame: pd.DataFrame) -> list[tuple[str, int, str]]:
    return sorted((one.equipment, one.time, "/".join(one.context[:4])) for one in as_rows(frame))


def test_every_row_arrives_once_with_its_names_and_time(
    harness: Harness, log: RowLog, database: LiveDatabase, frame: pd.DataFrame
) -> None:
    harness.start(log)
    harness.send(frame[:60])
    until(lambda: len(kept(database)) == 60, "the first rows")
    harness.send(frame[60:])
    until(lambda: len(kept(database)) == 120, "all rows")
    assert kept(database) == expected(frame)


def test_rows_that_are_refused_for_a_while_are_kept_later(
    harness: Harness, log: RowLog, database: LiveDatabase, frame: pd.DataFrame
) -> None:
    refusing = Refusing(log, 3)
    harness.start(refusing)
    harness.send(frame)
    until(lambda: len(kept(database)) == 120, "all rows")
    assert refusing.left == 0


@pytest.mark.parametrize("harness", [MqttHarness, KafkaHarness], indirect=True)
def test_rows_that_are_refused_for_good_take_no_others_with_them(
    harness: Harness, log: RowLog, database: LiveDatabase, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensors = len(as_rows(frame)[0].readings)
    monkeypatch.setattr(names, "MOST_SENSORS", sensors)
    odd = frame[20:21].assign(equipment="ETCH-99")
    harness.start(log)
    for some in (frame[:20], odd, odd.rename(columns={frame.columns[-1]: "one too many"}), frame[20:]):
        harness.send(some)
    until(lambda: {one for one in kept(database) if one[0] != "ETCH-99"} == set(expected(frame)), "all other rows", 20)


@pytest.mark.parametrize("harness", [MqttHarness], indirect=True)
def test_a_message_without_any_row_ends_no_source(harness: MqttHarness, log: RowLog, database: LiveDatabase) -> None:
    harness.start(log)
    harness.publish("lab/ETCH-01/a", b'{"metrics": [], "value": 1}')
    harness.publish("fab/ETCH-01", b'{"time": 1767600000, "a": 1}')
    until(lambda: len(kept(database)) == 1, "the row behind it", 20)


def test_no_thread_of_secs_keeps_the_server_from_ending() -> None:
    pytest.importorskip("secsgem")
    from waferwatch.live.sources.secs import SecsOptions, SecsSource

    waiting = SecsSource(SecsOptions("gem", "ETCH-01", "127.0.0.1", free_port(), active=False, sensors={1: "flow"}))
    waiting.start(lambda _source, _rows: None)
    assert [one.name for one in threading.enumerate() if "secsgem" in one.name and not one.daemon] == []
    waiting.stop()


def test_rows_that_come_twice_are_kept_once(
    harness: Harness, log: RowLog, database: LiveDatabase, frame: pd.DataFrame
) -> None:
    harness.start(log)
    harness.send(frame[:80])
    until(lambda: len(kept(database)) == 80, "the first rows")
    harness.send(frame[40:])
    until(lambda: len(kept(database)) == 120, "all rows")
    assert kept(database) == expected(frame)


def test_a_source_goes_on_after_a_restart_with_what_came_meanwhile(
    harness: Harness, log: RowLog, database: LiveDatabase, frame: pd.DataFrame
) -> None:
    harness.start(log)
    harness.send(frame[:60])
    until(lambda: len(kept(database)) == 60, "the first rows")
    harness.stop()
    harness.send(frame[60:])
    harness.again(log)
    until(lambda: len(kept(database)) == 120, "all rows")
    assert kept(database) == expected(frame)


# Folders


def files_of(source: FolderSource) -> dict[str, str]:
    return {one.name: one.state for one in source.files()}


def test_what_became_of_files_is_kept_over_restarts_and_a_changed_file_is_read_again(
    tmp_path: Path, log: RowLog, database: LiveDatabase
) -> None:
    folder = tmp_path / "tool"
    (folder / "day").mkdir(parents=True)
    live_frame(40).to_csv(folder / "day" / "good.csv", index=False)
    (folder / "bad.csv").write_text("no,table\n")
    (folder / "empty.csv").touch()
    (folder / "notes.txt").write_text("x")
    (folder / "half.csv.part").write_text("time,a\n1,2\n")
    options = FolderOptions(folder, pattern="*.csv", settle_s=0.0)

    def scanned() -> list[FolderFile]:
        told: list[FolderFile] = []
        source = FolderSource(options, database, told.append)
        source.scan(log)
        source.scan(log)
        return told

    assert {one.name: one.state for one in scanned()} == {
        "day/good.csv": "processed",
        "bad.csv": "failed",
        "empty.csv": "skipped",
        "notes.txt": "skipped",
    }
    assert "no rows" in next(one.reason for one in FolderSource(options, database).files() if one.name == "bad.csv")
    assert scanned() == []
    live_frame(20).to_csv(folder / "bad.csv", index=False)
    assert [(one.name, one.state) for one in scanned()] == [("bad.csv", "processed")]
    assert len(kept(database)) == 40


def test_a_file_that_still_grows_is_left_alone_and_with_a_marker_until_it_is_there(
    tmp_path: Path, log: RowLog, database: LiveDatabase
) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    live_frame(10).to_csv(folder / "a.csv", index=False)
    slow = FolderSource(FolderOptions(folder, settle_s=3600), database)
    assert slow.scan(log) == slow.scan(log) == 0
    marked = FolderSource(FolderOptions(folder, marker=".done"), database)
    assert marked.scan(log) == 0
    (folder / "a.csv.done").touch()
    assert marked.scan(log) == 1
    assert files_of(marked) == {"a.csv": "processed"}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, log: RowLog, database: LiveDatabase) -> None:
    with pytest.raises(InputError, match="no folder"):
        FolderSource(FolderOptions(tmp_path / "nothing"), database).start(log)


def test_a_table_without_dates_ends_when_its_file_was_written(
    tmp_path: Path, log: RowLog, database: LiveDatabase
) -> None:
    folder = tmp_path / "etcher"
    folder.mkdir()
    path = folder / "trace.csv"
    path.write_text("time,pressure\n" + "\n".join(f"{at / 10},{at % 7}" for at in range(50)))
    source = FolderSource(FolderOptions(folder, settle_s=0.0), database)
    source.scan(log)
    source.scan(log)
    found = kept(database)
    assert {name for name, _, _ in found} == {"etcher"}
    assert found[-1][1] == path.stat().st_mtime_ns
    assert found[1][1] - found[0][1] == 100_000_000


# Replays


def test_a_replay_keeps_its_pace_and_begins_now(log: RowLog, database: LiveDatabase) -> None:
    began = time.time_ns()
    source = ReplaySource(table_from_frame(live_frame(40), name="replayed"), "replay", speed=100)
    source.start(log)
    source.wait(60)
    took = time.time_ns() - began
    times = [at for _, at, _ in kept(database)]
    assert len(times) == 40
    assert min(times) >= began
    assert max(times) - min(times) == 19 * 10**9, "one row a second of each of two chambers"
    assert took >= 19 * 10**7


def test_a_speed_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="-1"):
        ReplaySource(table_from_frame(live_frame(4), name="replayed"), "replay", speed=-1)


def test_a_source_that_ends_while_it_is_refused_leaves_the_rest_for_the_next_time(log: RowLog) -> None:
    refusing = Refusing(log, 10**9)
    source = ReplaySource(table_from_frame(live_frame(4), name="replayed"), "replay", speed=0)
    source.start(refusing)
    threading.Event().wait(0.1)
    source.stop()
    assert source.done


# Brokers


CONFIG = """
listener {port} 127.0.0.1
allow_anonymous true
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
"""


def certificates(folder: Path) -> None:
    """Of an authority of its own, and of a broker on this machine that it vouches for."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    new = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    authority = [*new, "-subj", "/CN=fab authority", "-keyout", "ca.key", "-out", "ca.pem"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"]
    broker = [*new, "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.pem", *signed]
    for command in (authority, broker):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_a_broker_that_an_authority_of_the_fab_vouches_for_is_read_and_another_one_is_not(
    tmp_path: Path, log: RowLog, database: LiveDatabase
) -> None:
    mqtt = pytest.importorskip("paho.mqtt.client")
    from waferwatch.live.sources.mqtt import MqttOptions, MqttSource

    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    certificates(tmp_path)
    port = free_port()
    (tmp_path / "mosquitto.conf").write_text(CONFIG.format(port=port, folder=tmp_path) + "user root\n")
    broker = subprocess.Popen([program, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    topics = ["fab/{equipment}", "lab/{equipment}/{sensor}"]
    trusting = MqttSource(MqttOptions("line", "127.0.0.1", topics, port, ca_file=tmp_path / "ca.pem"))
    wary = MqttSource(MqttOptions("other", "127.0.0.1", topics, port, tls=True))
    try:
        until(lambda: answers(port), "the broker")
        trusting.start(log)
        wary.start(log)
        until(lambda: trusting.subscribed and trusting.status().connected, "the subscription")
        sender = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        sender.tls_set(str(tmp_path / "ca.pem"))
        sender.connect("127.0.0.1", port)
        sender.loop_start()
        sender.publish("fab/ETCH-01", b'{"time": 1767600000, "a": 1}', qos=1)
        sender.publish("lab/ETCH-02/a", b'{"time": 1767600000, "value": 2}', qos=1)
        sender.publish("elsewhere/ETCH-03", b'{"time": 1767600000, "a": 1}', qos=1)
        until(lambda: len(kept(database)) == 2, "a row of each topic")
        sender.loop_stop()
        assert [name for name, _, _ in kept(database)] == ["ETCH-01", "ETCH-02"]
        assert not wary.status().connected
        assert not wary.subscribed
    finally:
        trusting.stop()
        wary.stop()
        broker.terminate()
        broker.wait()


# Names from outside the rows


def test_what_a_topic_or_key_says_holds_for_every_line_that_does_not_name_it_itself() -> None:
    body = b'{"time": 1767600000, "a": 1}\n{"time": 1767600001, "a": 2, "equipment": "PM2"}'
    assert [row.equipment for row in rows_of_json(body, {"equipment": "PM1"})] == ["PM1", "PM2"]
    telegraf = b'{"name": "cpu", "timestamp": 1767600000, "tags": {}, "fields": {"a": 1}}'
    assert [row.equipment for row in rows_of_json(telegraf, {"equipment": "PM1"})] == ["PM1"]
