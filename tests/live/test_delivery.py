"""Messages about alarms arrive at least once, signed, and give up when nobody takes them."""

from __future__ import annotations

import base64
import json
import multiprocessing
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.live.alarm_blocks import NOON, block
from tests.live.receivers import MailSink, WebhookReceiver, wait_for
from tests.server_process import free_port
from waferwatch.errors import InputError
from waferwatch.live.alarms import acts
from waferwatch.live.alarms.acts import Person
from waferwatch.live.alarms.desk import AlarmDesk
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.alarms.sink import Alarms
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.delivery import outbox
from waferwatch.live.delivery.addresses import AddressRefusedError, AllowedAddresses
from waferwatch.live.delivery.channel import Channel, ChannelKind
from waferwatch.live.delivery.channels import add_channel, channel_named, rotate_secret
from waferwatch.live.delivery.heralding import Messenger
from waferwatch.live.delivery.mail import Mails
from waferwatch.live.delivery.outbox import Message, MessageState
from waferwatch.live.delivery.schedule import WAITS, wished_wait
from waferwatch.live.delivery.webhook import Webhooks
from waferwatch.live.delivery.worker import DeliveryWorker
from waferwatch.settings import Settings


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Bench:
    """Alarms with an outbox, and a worker that sends it by the test's clock."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        self.clock = Clock()
        self.database = LiveDatabase(folder / "live.sqlite")
        self.messenger = Messenger(clock=self.clock)
        self.desk = AlarmDesk(lambda: self.database, self.messenger, self.messenger.calm, self.clock)
        self.alarms = Alarms(AlarmRules(), self.messenger, self.clock)
        settings = settings or Settings()
        senders = {
            ChannelKind.WEBHOOK: Webhooks(AllowedAddresses("127.0.0.0/8"), timeout=2.0),
            ChannelKind.MAIL: Mails(settings),
        }
        self.worker = DeliveryWorker(self.database, senders, self.desk.tick, self.clock)

    def add(self, target: str, kind: ChannelKind = ChannelKind.WEBHOOK, **more: Any) -> Channel:
        with self.database.writing() as connection:
            return add_channel(connection, "mes", kind, target, user="kim", now=self.clock(), **more)

    def raise_alarm(self, first: int = 0, leading: int = 0, equipment: str = "ETCH01") -> None:
        with self.database.writing() as connection:
            self.alarms.scored(connection, block([20.0] * 3, first, leading=leading, equipment=equipment))

    def messages(self, state: MessageState) -> list[Message]:
        with self.database.reading() as connection:
            return [one for _, one in outbox.list_messages(connection, state, 100)]

    def channel(self) -> Channel:
        with self.database.reading() as connection:
            return channel_named(connection, "mes")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.worker.start()
    yield made
    made.worker.stop()
    made.database.close()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def test_a_webhook_says_what_happened_and_is_signed(bench: Bench, receiver: WebhookReceiver) -> None:
    channel = bench.add(receiver.url)
    bench.raise_alarm()
    headers, body = wait_for(lambda: receiver.taken)[0]
    told = Webhook(channel.secret).verify(body, headers)
    assert told["type"] == "alarm.opened"
    assert told["data"]["text"] == "flow high on ETCH01"
    assert told["data"]["alarm"]["id"] == 1
    assert wait_for(lambda: bench.messages(MessageState.DELIVERED))[0].message == headers["webhook-id"]


def test_both_secrets_sign_while_one_takes_over(bench: Bench, receiver: WebhookReceiver) -> None:
    old = bench.add(receiver.url).secret
    with bench.database.writing() as connection:
        new = rotate_secret(connection, "mes", bench.clock()).secret
    bench.raise_alarm()
    headers, body = wait_for(lambda: receiver.taken)[0]
    assert new != old
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Webhook(secret).verify(body, headers)
    bench.clock.on(25 * 3600)
    bench.raise_alarm(10, leading=1)
    headers, body = wait_for(lambda: receiver.taken[1:])[0]
    assert len(headers["webhook-signature"].split()) == 1
    Webhook(new).verify(body, headers)


def test_every_try_has_the_same_id_until_it_is_taken(bench: Bench, receiver: WebhookReceiver) -> None:
    receiver.answers = [500, 302, (429, {"Retry-After": "700"})]
    bench.add(receiver.url)
    bench.raise_alarm()
    for tries in range(1, 4):
        wait_for(lambda tries=tries: [one for one in bench.messages(MessageState.WAITING) if one.tries == tries])
        assert len(receiver.taken) == tries
        bench.clock.on(690)
        bench.worker.wake()
        if tries == 3:  # the receiver has asked for more than the schedule
            time.sleep(0.7)
            assert len(receiver.taken) == 3
            bench.clock.on(5000)
    wait_for(lambda: bench.messages(MessageState.DELIVERED))
    assert len(receiver.ids) == 4
    assert len(set(receiver.ids)) == 1


def test_a_message_is_given_up_after_three_days_and_can_be_sent_again(bench: Bench, receiver: WebhookReceiver) -> None:
    receiver.always = 500
    bench.add(receiver.url)
    bench.raise_alarm()
    assert 3 * 86400 < sum(WAITS) < 3.5 * 86400
    for tries in range(1, len(WAITS) + 1):
        wait_for(lambda tries=tries: [one for one in bench.messages(MessageState.WAITING) if one.tries == tries])
        bench.clock.on(1.2 * WAITS[tries - 1])
        bench.worker.wake()
    (dead,) = wait_for(lambda: bench.messages(MessageState.DEAD))
    assert dead.failure == "HTTP 500"
    receiver.always = 200
    bench.clock.on(600)
    with bench.database.writing() as connection:
        outbox.send_again(connection, dead.message, bench.clock())
    wait_for(lambda: bench.messages(MessageState.DELIVERED))
    assert set(receiver.ids) == {dead.message}


def test_a_message_is_sent_though_the_clock_is_set_back_by_an_hour(tmp_path: Path, receiver: WebhookReceiver) -> None:
    made = Bench(tmp_path)
    made.add(receiver.url)
    made.raise_alarm()
    made.clock.on(-3600)
    made.worker.start()
    wait_for(lambda: len(receiver.ids) == 1)
    made.worker.stop()
    made.database.close()


def test_gone_switches_the_channel_off(bench: Bench, receiver: WebhookReceiver) -> None:
    receiver.answers = [410]
    bench.add(receiver.url)
    bench.raise_alarm()
    wait_for(lambda: not bench.channel().enabled)
    assert bench.channel().disabled_because == "HTTP 410"
    bench.raise_alarm(10, leading=1)
    assert bench.messages(MessageState.WAITING) == []
    assert len(bench.messages(MessageState.DEAD)) == 1


def test_a_receiver_that_is_down_gets_everything_when_it_is_back(bench: Bench) -> None:
    port = free_port()
    bench.add(f"http://127.0.0.1:{port}/hook")
    for sensor in range(3):
        bench.raise_alarm(10 * sensor, leading=sensor)
    wait_for(lambda: any(one.tries for one in bench.messages(MessageState.WAITING)))
    with WebhookReceiver(port) as receiver:
        bench.clock.on(600)
        wait_for(lambda: len(bench.messages(MessageState.DELIVERED)) == 3)
        assert len(set(receiver.ids)) == 3


def test_a_receiver_that_trickles_is_left_after_the_time_limit(bench: Bench, receiver: WebhookReceiver) -> None:
    receiver.delay = 4.0
    bench.add(receiver.url)
    bench.raise_alarm()
    (waiting,) = wait_for(lambda: [one for one in bench.messages(MessageState.WAITING) if one.failure])
    assert waiting.failure == "no answer within 2 s"


def test_a_flood_is_one_message_and_one_when_it_is_over(bench: Bench, receiver: WebhookReceiver) -> None:
    bench.add(receiver.url)
    for number in range(14):
        bench.raise_alarm(equipment=f"ETCH{number:02d}")
    wait_for(lambda: len(receiver.taken) == 11)
    bench.clock.on(601)
    wait_for(lambda: len(receiver.taken) == 12)
    events = [json.loads(body)["type"] for _, body in receiver.taken]
    assert events == ["alarm.opened"] * 10 + ["alarms.flood", "alarms.flood_ended"]
    assert json.loads(receiver.taken[-1][1])["data"]["count"] == 14


def test_suppressed_and_shelved_alarms_are_reported_only_when_they_become_active(
    bench: Bench, receiver: WebhookReceiver
) -> None:
    bench.add(receiver.url, events=("opened", "closed"))
    with bench.database.writing() as connection:
        bench.alarms.scored(connection, block([20.0] * 3, productive=False))
        bench.alarms.scored(connection, block([20.0], 3))
    wait_for(lambda: len(receiver.taken) == 1)
    with bench.desk.changing() as book:
        acts.shelve(book, 1, Person("kim"), bench.clock() + timedelta(minutes=5))
    with bench.database.writing() as connection:
        bench.alarms.scored(connection, block([1.0] * 70, 4))
        bench.alarms.scored(connection, block([20.0] * 3, 80))
    bench.clock.on(301)
    wait_for(lambda: _state(bench, 1) == "active" and len(receiver.taken) > 1)
    events = [json.loads(body)["type"] for _, body in receiver.taken]
    assert events == ["alarm.opened", "alarm.closed"], "a re-alarm is silent unless it is asked for"


def test_a_mail_is_sent_once_and_refusals_are_kept_apart(tmp_path: Path) -> None:
    with MailSink() as sink:
        settings = Settings(smtp_host="127.0.0.1", smtp_port=sink.port, smtp_from="fdc@fab.example")
        bench = Bench(tmp_path, settings)
        bench.add("kim@fab.example", ChannelKind.MAIL)
        with bench.database.writing() as connection:
            for name, target in (("b", "nobody@fab.example"), ("c", "later@fab.example")):
                add_channel(connection, name, ChannelKind.MAIL, target, user="kim", now=NOON)
        bench.raise_alarm()
        bench.worker.start()
        (taken,) = wait_for(lambda: bench.messages(MessageState.DELIVERED))
        (dead,) = wait_for(lambda: bench.messages(MessageState.DEAD))
        wait_for(lambda: bench.messages(MessageState.WAITING)[0].failure)
        bench.worker.stop()
        bench.database.close()
    (mail,) = sink.mails
    assert mail["Subject"] == "flow high on ETCH01 · alarm 1: opened"
    assert mail["Message-ID"] == f"<{taken.message}@waferwatch>"
    assert "equipment: ETCH01" in mail.get_content()
    assert dead.failure == "SMTP 550 no such mailbox"


INSIDE = ["127.0.0.1", "10.1.2.3", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"]


@pytest.mark.parametrize("target", [f"http://{one}/" for one in INSIDE])
def test_addresses_of_the_inside_are_refused_unless_they_are_allowed(target: str) -> None:
    host = target.removeprefix("http://").strip("/[]")
    with pytest.raises(AddressRefusedError):
        AllowedAddresses("").find(host, 80)
    assert AllowedAddresses("10.0.0.0/8, 127.0.0.0/8").find(host, 80)
    with pytest.raises(AddressRefusedError):
        AllowedAddresses("private").find("169.254.169.254", 80)


@pytest.mark.parametrize("host", ["mes..fab", ".fab", "m" * 64 + ".fab"])
def test_a_name_that_no_host_can_have_is_refused_when_it_is_given(bench: Bench, host: str) -> None:
    with pytest.raises(InputError, match="not a webhook address"):
        bench.add(f"https://{host}/alarms")


def test_a_setting_that_is_no_address_is_refused() -> None:
    with pytest.raises(InputError, match="WAFERWATCH_WEBHOOK_ADDRESSES"):
        AllowedAddresses("http://mes/")


@pytest.mark.parametrize("wrong", ["whsec_", "hunter2", "whsec_" + base64.b64encode(b"short").decode(), "whsec_ö"])
def test_a_secret_that_is_none_is_refused_without_being_repeated(bench: Bench, wrong: str) -> None:
    with pytest.raises(InputError) as refused:
        bench.add("http://127.0.0.1/", secret=wrong)
    assert wrong not in str(refused.value).replace("Write whsec_ followed", "")


def test_what_retry_after_asks_for() -> None:
    assert wished_wait("120") == 120
    assert wished_wait("Wed, 01 Jan 2020 00:00:00 GMT") == 0
    assert wished_wait("soon") is None
    assert wished_wait("99999999") == 86400


def test_a_kill_between_commit_and_send_loses_no_message(tmp_path: Path) -> None:
    with WebhookReceiver() as receiver:
        bench = Bench(tmp_path)
        bench.add(receiver.url)
        with bench.database.writing() as connection:  # so that no flood hides an alarm
            connection.execute("CREATE TRIGGER calm AFTER INSERT ON alarm_floods BEGIN DELETE FROM alarm_floods; END")
        for _ in range(5):
            with bench.database.reading() as connection:
                first = connection.execute("SELECT count(*) FROM alarms").fetchone()[0]
            _killed_after(tmp_path, first, 6)
        bench.clock.now = datetime.now(NOON.tzinfo) + timedelta(hours=1)
        bench.worker.start()
        wait_for(lambda: not bench.messages(MessageState.WAITING))
        bench.worker.stop()
        sent = {one.message for one in bench.messages(MessageState.DELIVERED)}
        with bench.database.reading() as connection:
            raised = connection.execute("SELECT count(*) FROM alarms").fetchone()[0]
        bench.database.close()
    assert len(sent) == raised >= 12, "one about each alarm"
    assert sent == set(receiver.ids), "every id has arrived at least once"


def _killed_after(folder: Path, first: int, alarms: int) -> None:
    """A process that raises alarms and sends is killed after some of them."""
    # Not a fork of this process: it could wait for ever for a lock that a thread of a browser or a model holds here.
    context = multiprocessing.get_context("forkserver")
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=_raise_and_send, args=(folder, first, writing))
    process.start()
    writing.close()
    for _ in range(alarms):
        assert reading.poll(60), "the process raises no alarm"
        reading.recv_bytes()
    process.kill()
    process.join()
    reading.close()
    assert process.exitcode == -signal.SIGKILL, "the process has ended by itself"


def _raise_and_send(folder: Path, first: int, raised: Connection) -> None:
    bench = Bench(folder)
    bench.clock.now = datetime.now(NOON.tzinfo)
    bench.worker.start()
    for number in range(first, 10_000):
        bench.raise_alarm(equipment=f"E{number}")
        raised.send_bytes(b".")
        time.sleep(0.005)


def _state(bench: Bench, number: int) -> str:
    with bench.database.reading() as connection:
        row: sqlite3.Row = connection.execute("SELECT state FROM alarms WHERE id = ?", (number,)).fetchone()
    return str(row["state"])
