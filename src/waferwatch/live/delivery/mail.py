"""A message as mail."""

from __future__ import annotations

import json
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from waferwatch.live.delivery.channel import Channel
from waferwatch.live.delivery.outbox import Message
from waferwatch.live.delivery.outcome import Outcome
from waferwatch.settings import Settings

TIMEOUT_S = 15.0
_LINES = ("equipment", "recipe", "step", "sensor", "lot", "wafer", "severity", "started", "monitor", "reason")


class Mails:
    """Sends messages through the mail server that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, channel: Channel, message: Message, now: datetime) -> Outcome:
        """Try once."""
        if not self._settings.smtp_host:
            return Outcome("WAFERWATCH_SMTP_HOST is not set", slow=True)
        try:
            with self._connected() as server:
                server.send_message(self._mail(channel, message, now))
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _refused(code, text)
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(getattr(error, "strerror", None) or type(error).__name__, slow=True)
        return Outcome()

    def _connected(self) -> smtplib.SMTP:
        settings, context = self._settings, ssl.create_default_context()
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_S)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, channel: Channel, message: Message, now: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = " ".join(message.subject.split())
        mail["From"] = self._settings.smtp_from or f"waferwatch@{self._settings.smtp_host}"
        mail["To"] = channel.target
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message.message}@waferwatch>"  # the same in every try
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_text(message))
        return mail


def _text(message: Message) -> str:
    """The sentence, then what is known, a line each."""
    alarm = json.loads(message.body)["data"].get("alarm") or {}
    lines = [f"{name}: {alarm[name]}" for name in _LINES if alarm.get(name)]
    return "\n".join([message.subject, "", *lines, ""])


def _refused(code: int, text: bytes | str) -> Outcome:
    """4xx is for now, 5xx for good."""
    reason = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Outcome(f"SMTP {code} {reason}"[:200], slow=code < 500, hopeless=code >= 500)
