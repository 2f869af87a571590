"""``waferwatch alarms channels``: where messages about alarms go."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options
from waferwatch.commands.options.actions import add_action, print_json, say
from waferwatch.commands.options.monitor_options import user
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.live.delivery.channel import Channel


def add_channels_parser(alarms: Any) -> None:
    """Add ``alarms channels list | add | test | ...`` to the command line."""
    parser = alarms.add_parser("channels", help="webhooks and mail addresses that are notified of alarms")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    add_action(actions, "list", "the channels", run_list)
    adding = add_action(actions, "add", "add a webhook or a mail address", run_add)
    _name(adding)
    adding.add_argument("target", metavar="ADDRESS", help="https://... or somebody@fab.example")
    adding.add_argument(
        "--events",
        type=data_options.names,
        metavar="A,B",
        help="opened, reopened, worsened, acknowledged, closed; default: opened,worsened,closed",
    )
    adding.add_argument("--language", choices=["en", "ko"], default="en", help="of its sentences; default: en")
    for name, text, run in (
        ("test", "send a test message", run_test),
        ("on", "send to it", run_on),
        ("off", "do not send to it", run_off),
        ("secret", "give a webhook another secret; for a day both sign", run_secret),
        ("remove", "delete it with what waits for it", run_remove),
    ):
        _name(add_action(actions, name, text, run))
    add_action(actions, "dead-letters", "messages that were given up", run_dead)
    again = add_action(actions, "send-again", "try a message that was given up again", run_again)
    again.add_argument("message", metavar="MESSAGE")


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def run_list(options: argparse.Namespace) -> int:
    """A line for each channel."""
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.delivery.channels import all_channels

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.reading() as connection:
        found = all_channels(connection)
    for one in found:
        say(_line(one))
    if not found:
        say("No channel yet. Add one with: waferwatch alarms channels add NAME ADDRESS")
    print_json({"channels": [one.document() for one in found]}, options)
    return 0


def run_add(options: argparse.Namespace) -> int:
    """Add a channel."""
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.delivery.channel import DEFAULT_EVENTS, ChannelKind
    from waferwatch.live.delivery.channels import add_channel

    kind = ChannelKind.WEBHOOK if "://" in options.target else ChannelKind.MAIL
    events = tuple(options.events or DEFAULT_EVENTS)
    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms:
        if kind is ChannelKind.WEBHOOK:
            alarms.check_target(options.target)
        with alarms.desk.changing() as book:
            made = add_channel(
                book.connection,
                options.name,
                kind,
                options.target,
                user=user(),
                now=book.clock(),
                events=events,
                language=options.language,
            )
    return _shown_once(options, made)


def run_secret(options: argparse.Namespace) -> int:
    """Another secret."""
    from waferwatch.live.delivery.channels import rotate_secret

    made: Channel = _changed(options, lambda book: rotate_secret(book.connection, options.name, book.clock()))
    return _shown_once(options, made)


def run_on(options: argparse.Namespace) -> int:
    """Send to it."""
    return _switched(options, True)


def run_off(options: argparse.Namespace) -> int:
    """Do not send to it."""
    return _switched(options, False)


def run_remove(options: argparse.Namespace) -> int:
    """Delete a channel."""
    from waferwatch.live.delivery.channels import remove_channel

    _changed(options, lambda book: remove_channel(book.connection, options.name))
    say(f"Removed {options.name}.")
    print_json({"removed": options.name}, options)
    return 0


def run_test(options: argparse.Namespace) -> int:
    """Let the server send a test message."""
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.delivery.channels import channel_named

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.changing() as book:
        message = alarms.messenger.test(book.connection, channel_named(book.connection, options.name))
    say(f"Message {message} waits; the running server sends it.")
    print_json({"message": message}, options)
    return 0


def run_dead(options: argparse.Namespace) -> int:
    """A line for each message that was given up."""
    from waferwatch.live.alarms.service import opened_alarms
    from waferwatch.live.delivery.outbox import MessageState, list_messages, message_document

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.reading() as connection:
        found = list_messages(connection, MessageState.DEAD, 200)
    for channel, one in found:
        say(f"{one.message}  {channel}  {one.subject}  ({one.failure})")
    if not found:
        say("No message was given up.")
    print_json({"messages": [message_document(channel, one) for channel, one in found]}, options)
    return 0


def run_again(options: argparse.Namespace) -> int:
    """Let a message wait again."""
    from waferwatch.live.delivery.outbox import send_again

    _changed(options, lambda book: send_again(book.connection, options.message, book.clock()))
    say(f"Message {options.message} waits; the running server sends it.")
    print_json({"message": options.message}, options)
    return 0


def _switched(options: argparse.Namespace, enabled: bool) -> int:
    from waferwatch.live.delivery.channels import switch_channel

    channel: Channel = _changed(options, lambda book: switch_channel(book.connection, options.name, enabled))
    say(_line(channel))
    print_json(channel.document(), options)
    return 0


def _changed(options: argparse.Namespace, act: Callable[[Any], Any]) -> Any:
    from waferwatch.live.alarms.service import opened_alarms

    with opened_alarms(read_settings(data_dir=options.data_dir)) as alarms, alarms.desk.changing() as book:
        return act(book)


def _shown_once(options: argparse.Namespace, channel: Channel) -> int:
    say(_line(channel))
    if channel.secret:
        say(f"Its secret, shown this once: {channel.secret}")
    print_json(channel.document() | {"secret": channel.secret or None}, options)
    return 0


def _line(channel: Channel) -> str:
    state = "on" if channel.enabled else f"off {channel.disabled_because}".strip()
    return f"{channel.name:<20} {channel.kind.value:<8} {state:<14} {channel.shown_target}  {','.join(channel.events)}"
