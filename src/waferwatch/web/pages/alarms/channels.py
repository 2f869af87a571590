"""Channels over HTTP: where messages about alarms go, and those that could not be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from waferwatch.live.alarms.book import AlarmBook
from waferwatch.live.delivery import channels, outbox
from waferwatch.live.delivery.channel import DEFAULT_EVENTS, Channel, ChannelKind
from waferwatch.live.delivery.outbox import MessageState, message_document
from waferwatch.web.pages.alarms.schemas import (
    ChannelAnswer,
    ChannelList,
    ChannelPatch,
    ChannelRequest,
    ChannelSecret,
    MessageList,
    QueuedAnswer,
    SecretRequest,
)
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, user_of
from waferwatch.web.shell.openapi import Endpoint

_MOST_LISTED = 200
Result = TypeVar("Result")


async def list_channels(request: Request) -> Response:
    """Channels without their secrets."""
    app = parts(request)
    return JsonAnswer({"channels": await app.work.read(_listed, app)})


async def add_channel(request: Request) -> Response:
    """Add a webhook or a mail address. Its secret is in this answer, and in no other."""
    body, app, user = await read_body(request, ChannelRequest), parts(request), user_of(request)
    kind = ChannelKind(body.kind)

    def add(book: AlarmBook) -> Channel:
        return channels.add_channel(
            book.connection,
            body.name,
            kind,
            body.target,
            user=user,
            now=app.alarms.desk.clock(),
            secret=body.secret,
            events=tuple(body.events or DEFAULT_EVENTS),
            language=body.language,
        )

    if kind is ChannelKind.WEBHOOK:
        await app.work.read(app.alarms.check_target, body.target)
    channel = await _changed(request, add, "add channel", body.name)
    return JsonAnswer(channel.document() | {"secret": channel.secret or None}, status_code=201)


async def switch_channel(request: Request) -> Response:
    """Send to it, or do not."""
    body, name = await read_body(request, ChannelPatch), request.path_params["name"]
    act = "switch channel on" if body.enabled else "switch channel off"
    channel = await _changed(
        request, lambda book: channels.switch_channel(book.connection, name, body.enabled), act, name
    )
    return JsonAnswer(channel.document())


async def rotate_secret(request: Request) -> Response:
    """Give a webhook another secret; for a day both sign."""
    body, name, app = await read_body(request, SecretRequest), request.path_params["name"], parts(request)

    def rotate(book: AlarmBook) -> Channel:
        return channels.rotate_secret(book.connection, name, app.alarms.desk.clock(), body.secret)

    channel = await _changed(request, rotate, "change secret of channel", name)
    return JsonAnswer(channel.document() | {"secret": channel.secret})


async def remove_channel(request: Request) -> Response:
    """Forget a channel and what waits for it."""
    name = request.path_params["name"]
    await _changed(request, lambda book: channels.remove_channel(book.connection, name), "delete channel", name)
    return Response(status_code=204)


async def test_channel(request: Request) -> Response:
    """Send a message that says nothing has happened."""
    name, app = request.path_params["name"], parts(request)

    def test(book: AlarmBook) -> str:
        channel = channels.channel_named(book.connection, name)
        return app.alarms.messenger.test(book.connection, channel)

    message = await _changed(request, test, "test channel", name)
    return JsonAnswer({"message": message}, status_code=202)


async def dead_letters(request: Request) -> Response:
    """Messages that were given up."""
    app = parts(request)
    return JsonAnswer({"messages": await app.work.read(_dead, app)})


async def send_again(request: Request) -> Response:
    """Try a message that was given up again, with the same id."""
    message, app = request.path_params["message"], parts(request)

    def again(book: AlarmBook) -> None:
        outbox.send_again(book.connection, message, app.alarms.desk.clock())

    await _changed(request, again, "send message again", message)
    return JsonAnswer({"message": message}, status_code=202)


async def _changed(request: Request, act: Callable[[AlarmBook], Result], verb: str, subject: str) -> Result:
    app = parts(request)
    found: Result = await app.work.read(_act, app, act)
    await app.work.read(app.store.audit.add, user_of(request), verb, subject)
    app.alarms.wake()
    return found


def _act(app: Parts, act: Callable[[AlarmBook], Result]) -> Result:
    with app.alarms.desk.changing() as book:
        return act(book)


def _listed(app: Parts) -> list[dict[str, Any]]:
    with app.alarms.desk.reading() as connection:
        return [one.document() for one in channels.all_channels(connection)]


def _dead(app: Parts) -> list[dict[str, Any]]:
    with app.alarms.desk.reading() as connection:
        found = outbox.list_messages(connection, MessageState.DEAD, _MOST_LISTED)
    return [message_document(channel, one) for channel, one in found]


_READ = (400, 500, 503)
_WRITE = (400, 403, 404, 413, 415, 422, 500, 503)
ENDPOINTS = (
    Endpoint("GET", "/alarms/channels", list_channels, "Where messages go.", ChannelList, failures=_READ),
    Endpoint(
        "POST", "/alarms/channels", add_channel, "Add a webhook or a mail address.", ChannelSecret, status=201,
        body=ChannelRequest, failures=_WRITE,
    ),
    Endpoint(
        "PATCH", "/alarms/channels/{name}", switch_channel, "Switch a channel on or off.", ChannelAnswer,
        body=ChannelPatch, failures=_WRITE,
    ),
    Endpoint(
        "DELETE", "/alarms/channels/{name}", remove_channel, "Delete a channel.", "", status=204,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "POST", "/alarms/channels/{name}/secret", rotate_secret, "Give a webhook another secret.", ChannelSecret,
        body=SecretRequest, failures=_WRITE,
    ),
    Endpoint(
        "POST", "/alarms/channels/{name}/test", test_channel, "Send a test message.", QueuedAnswer, status=202,
        failures=(400, 403, 404, 500, 503),
    ),
    Endpoint(
        "GET", "/alarms/dead-letters", dead_letters, "Messages that could not be delivered.", MessageList,
        failures=_READ,
    ),
    Endpoint(
        "POST", "/alarms/dead-letters/{message}/send-again", send_again, "Try a message again.", QueuedAnswer,
        status=202, failures=(400, 403, 404, 422, 500, 503),
    ),
)  # fmt: skip
