"""Receivers of messages: a webhook that can be slow, broken or gone, and a mail server."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


def wait_for(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What a question answers once that is something; an error when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


class WebhookReceiver:
    """Takes webhooks on loopback; ``answers`` says how the next ones are answered, then 204."""

    def __init__(self, port: int = 0) -> None:
        self.answers: list[int | tuple[int, dict[str, str]]] = []
        self.always: int = 204
        self.delay = 0.0
        self.taken: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                answer = receiver.answers.pop(0) if receiver.answers else receiver.always
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                time.sleep(receiver.delay)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.taken]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class MailSink:
    """Takes mail on loopback; recipients that contain ``nobody`` are refused for good, ``later`` for now."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 sink")
                while line := self.rfile.readline().decode().strip():
                    word = line[:4].upper()
                    if word == "RCPT" and "nobody" in line:
                        self._say("550 no such mailbox")
                    elif word == "RCPT" and "later" in line:
                        self._say("451 try later")
                    elif word == "DATA":
                        self._say("354 go on")
                        sink.mails.append(message_from_bytes(self._data(), policy=policy.default))
                        self._say("250 taken")
                    elif word == "QUIT":
                        self._say("221 bye")
                        return
                    else:
                        self._say("250 ok")

            def _data(self) -> bytes:
                found = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    found += line
                return found

            def _say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
