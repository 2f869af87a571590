"""A message to a webhook: one POST, signed, to an address that was checked, without following redirects."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from datetime import datetime

from waferwatch.errors import WaferwatchError
from waferwatch.live.alarms.book import moment
from waferwatch.live.delivery.addresses import AllowedAddresses
from waferwatch.live.delivery.channel import Channel, split_address
from waferwatch.live.delivery.outbox import Message
from waferwatch.live.delivery.outcome import Outcome
from waferwatch.live.delivery.schedule import wished_wait
from waferwatch.live.delivery.signing import signatures

TIMEOUT_S = 15.0
_GONE = 410
_SLOW = (429, 502, 503, 504)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, whatever the name means by now."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._context = context

    def connect(self) -> None:
        """Connect; by TLS where there is a context."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class Webhooks:
    """Sends messages to webhooks.

    Args:
        timeout: seconds for the whole try.
    """

    def __init__(self, allowed: AllowedAddresses, timeout: float = TIMEOUT_S) -> None:
        self._allowed = allowed
        self._timeout = timeout
        self._context = ssl.create_default_context()

    def send(self, channel: Channel, message: Message, now: datetime) -> Outcome:
        """Try once. Any answer of the kind 2xx takes the message."""
        try:
            return self._post(channel, message, now)
        except WaferwatchError as error:  # an address that is not allowed (any more)
            return Outcome(str(error), hopeless=True)
        except TimeoutError:
            return Outcome(f"no answer within {self._timeout:.0f} s", slow=True)
        except (OSError, http.client.HTTPException) as error:
            return Outcome(getattr(error, "strerror", None) or type(error).__name__, slow=True)

    def _post(self, channel: Channel, message: Message, now: datetime) -> Outcome:
        scheme, host, port, path = split_address(channel.target)
        address = self._allowed.find(host, port)
        context = self._context if scheme == "https" else None
        connection = _Connection(host, port, address, context, self._timeout)
        body = message.body.encode()
        late = threading.Event()
        timer = threading.Timer(self._timeout, _cut, (connection, late))
        timer.daemon = True
        timer.start()
        try:
            connection.request("POST", path, body, _headers(channel, message, now, body))
            answer = connection.getresponse()
            return _outcome(answer.status, answer.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            raise (TimeoutError() if late.is_set() else error) from error
        finally:
            timer.cancel()
            connection.close()


def _headers(channel: Channel, message: Message, now: datetime, body: bytes) -> dict[str, str]:
    timestamp = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "waferwatch",
        "Connection": "close",
        "webhook-id": message.message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(channel.secrets(moment(now)), message.message, timestamp, body),
    }


def _outcome(status: int, retry_after: str | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    return Outcome(
        f"HTTP {status}", wait=wished_wait(retry_after), slow=status in _SLOW or status >= 500, gone=status == _GONE
    )


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End a connection that trickles: the time of a socket counts anew with each byte."""
    late.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
