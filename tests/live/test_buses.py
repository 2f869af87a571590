"""What only single kinds of sources have: sensors one by one over a real broker, a simulated tool."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import waferwatch
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.log.writer import RowLog
from waferwatch.live.sources.buses.mqtt import MqttSource
from waferwatch.live.sources.buses.secs.host import SecsSource
from waferwatch.live.sources.buses.secs.simulator import FIRST_SENSOR, STEP_STARTED, WAFER_STARTED, ToolSimulator
from waferwatch.live.sources.buses.settings import MqttSettings, SecsSettings

PATIENCE_S = 30.0


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RowLog]:
    database = LiveDatabase(tmp_path / "live.sqlite")
    log = RowLog(database)
    log.start()
    yield log
    log.stop()
    database.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a Mosquitto."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("needs Debian's mosquitto")
    port = free_port()
    settings = tmp_path_factory.mktemp("mosquitto") / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    process = subprocess.Popen([program, "-c", str(settings)], stderr=subprocess.DEVNULL)
    wait_until(lambda: answers(port))
    yield port
    process.terminate()
    process.wait(PATIENCE_S)


def test_readings_of_single_sensors_are_put_together_by_time(log: RowLog, broker: int) -> None:
    settings = MqttSettings(
        kind="mqtt",
        host="127.0.0.1",
        name="single",
        port=broker,
        topics=["single/{equipment}/{sensor}"],
        gather_s=1.0,
        version="3.1.1",
    )
    source = MqttSource(settings)
    source.start(log)
    wait_until(lambda: source.report.state.connected)
    said = [
        (f"single/CH1/{sensor}", json.dumps({"value": n, "time": f"2026-01-05T08:00:{n:02d}.{place}00"}))
        for n in range(5)
        for place, sensor in enumerate(("pressure", "power", "flow"))
    ]
    publish(broker, said)
    wait_until(lambda: stored(log) == 5)
    source.stop()
    assert sensors_of(log) == ["pressure", "power", "flow"]


def test_a_message_that_is_no_row_is_counted_and_does_not_block(log: RowLog, broker: int) -> None:
    source = MqttSource(
        MqttSettings(kind="mqtt", host="127.0.0.1", name="bad", port=broker, topics=["bad/{equipment}"])
    )
    source.start(log)
    wait_until(lambda: source.report.state.connected)
    publish(broker, [("bad/CH1", "{]"), ("bad/CH1", row(1))])
    wait_until(lambda: stored(log) == 1)
    source.stop()
    assert source.report.state.refused == 1
    assert "bad/CH1" in source.report.state.last_refused


# secsgem 0.3 ends a listening thread by an exception.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_traces_and_events_of_a_tool_become_rows_with_their_wafer(log: RowLog) -> None:
    frame = waferwatch.generate(rows=240, equipment=1, seed=3)
    sensors = ["pressure_mTorr", "rf_forward_W", "helium_pressure_Torr"]
    port = free_port()
    tool = ToolSimulator(frame, sensors, port, speed=0)
    tool.start()
    trace = {"id": 1, "period_s": 1, "samples": 100, "group": 5, "sensors": named(sensors)}
    values = {"lot": 1, "wafer": 2, "recipe": 3, "step": 4}
    settings = SecsSettings.model_validate(
        {
            "kind": "secs",
            "name": "tool",
            "equipment": "ETCH-01",
            "port": port,
            "traces": [trace],
            "events": {WAFER_STARTED: {"values": values}, STEP_STARTED: {"values": values}},
        }
    )
    source = SecsSource(settings)
    source.start(log)
    wait_until(lambda: stored(log) >= 100)
    source.stop()
    tool.stop()
    assert sensors_of(log) == sensors
    with log._database.reading() as connection:
        lots = {row["lot"] for row in connection.execute("SELECT lot FROM live_contexts")}
    assert lots
    assert lots <= set(map(str, frame["lot"]))


def row(number: int) -> str:
    return json.dumps({"time": 1_767_600_000 + number, "pressure": 1.5 + number, "power": 300})


def named(sensors: Sequence[str]) -> dict[str, int]:
    return {sensor: FIRST_SENSOR + place for place, sensor in enumerate(sensors)}


def publish(port: int, messages: Sequence[tuple[str, str]]) -> None:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, body in messages:
        client.publish(topic, body, qos=1).wait_for_publish(PATIENCE_S)
    client.loop_stop()
    client.disconnect()


def stored(log: RowLog) -> int:
    with log._database.reading() as connection:
        return int(connection.execute("SELECT COUNT(*) FROM live_rows").fetchone()[0])


def equipment_of(log: RowLog) -> list[str]:
    with log._database.reading() as connection:
        return [row["name"] for row in connection.execute("SELECT name FROM live_equipment")]


def sensors_of(log: RowLog) -> list[str]:
    with log._database.reading() as connection:
        found: list[str] = json.loads(connection.execute("SELECT sensors FROM live_equipment").fetchone()[0])
        return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.02)
