"""Alarms and what is sent about them, as one part of a running server or of a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from waferwatch.errors import WaferwatchError
from waferwatch.live.alarms.book import Clock, utc_now
from waferwatch.live.alarms.desk import AlarmDesk
from waferwatch.live.alarms.machine.rules import AlarmRules
from waferwatch.live.alarms.newest import NewestChange
from waferwatch.live.alarms.search import counts_by_state
from waferwatch.live.alarms.sink import Alarms
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.delivery.addresses import AllowedAddresses
from waferwatch.live.delivery.channel import ChannelKind, split_address
from waferwatch.live.delivery.heralding import Messenger, Speak, english
from waferwatch.live.delivery.mail import Mails
from waferwatch.live.delivery.outbox import message_counts
from waferwatch.live.delivery.webhook import Webhooks
from waferwatch.live.delivery.worker import DeliveryWorker, Sender
from waferwatch.live.service import FILE, FOLDER, LiveService
from waferwatch.settings import Settings
from waferwatch.store.store import Store


class AlarmService:
    """Nothing is opened or sent before ``start``.

    Args:
        database: gives the file of live data once it is open.
        speak: gives the translator of a language, for messages.

    Raises:
        InputError: when WAFERWATCH_WEBHOOK_ADDRESSES cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        database: Callable[[], LiveDatabase],
        speak: Speak = english,
        clock: Clock = utc_now,
    ) -> None:
        self.messenger = Messenger(speak, clock)
        self.sink = Alarms(AlarmRules.of_settings(settings), self.messenger, clock)
        self.desk = AlarmDesk(database, self.messenger, self.messenger.calm, clock)
        self.newest = NewestChange(self.desk)
        self._allowed = AllowedAddresses(settings.webhook_addresses)
        self._senders: dict[ChannelKind, Sender] = {
            ChannelKind.WEBHOOK: Webhooks(self._allowed),
            ChannelKind.MAIL: Mails(settings),
        }
        self._worker: DeliveryWorker | None = None

    def start(self) -> None:
        """Begin to send what waits."""
        self._worker = DeliveryWorker(self.desk.database, self._senders, self.desk.tick, self.desk.clock)
        self._worker.start()

    def check_target(self, address: str) -> None:
        """
        Raises:
            InputError: for an address of a webhook that is none or that the settings do not allow. A name that nobody
                knows now may be known later.
        """
        _, host, port, _ = split_address(address)
        with suppress(OSError):
            self._allowed.find(host, port)

    def wake(self) -> None:
        """Something was written that may be sent."""
        if self._worker is not None:
            self._worker.wake()

    def counts(self) -> tuple[dict[str, int], dict[str, int]] | None:
        """How many alarms and messages are in each state; None while that is not known."""
        try:
            with self.desk.reading() as connection:
                return counts_by_state(connection), message_counts(connection)
        except WaferwatchError:
            return None

    def stop(self) -> None:
        """Send nothing more; what waits is sent after the next start."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()


def live_with_alarms(settings: Settings, store: Store, speak: Speak = english) -> tuple[LiveService, AlarmService]:
    """Live monitoring, which hands what it scores to the alarms, which lie in its database. Neither is started.

    Raises:
        InputError: as :class:`AlarmService`.
    """
    alarms = AlarmService(settings, lambda: live.parts.database, speak)
    live = LiveService(settings, store, alarms.sink)
    return live, alarms


@contextmanager
def opened_alarms(settings: Settings) -> Iterator[AlarmService]:
    """The alarms of a data folder for a command, next to the server that may run: it sends what the command writes.

    Raises:
        StoreError: when the file of live data cannot be used.
    """
    database = LiveDatabase(settings.data_dir / FOLDER / FILE)
    try:
        yield AlarmService(settings, lambda: database)
    finally:
        database.close()
