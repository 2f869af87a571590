"""Every setting once: name, type, default, help.

Each is read from the environment as ``WAFERWATCH_<NAME>``, or from the file named by ``WAFERWATCH_<NAME>_FILE`` (the
way container platforms hand over secrets). A command-line option wins over both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from waferwatch.errors import InputError

PREFIX = "WAFERWATCH_"
SECRETS = ("database_url", "token", "smtp_password")  # never shown in a message


class Settings(BaseModel):
    """The settings of one process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(5000, ge=1, le=65535, description="Port the server listens on.")
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("waferwatch", appauthor=False),
        description="Folder for uploaded data sets, monitors and imported checkpoints.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="Database for data sets and runs, such as postgresql://user:password@host/name; "
        "empty: SQLite in the data folder.",
    )
    token: SecretStr = Field(
        SecretStr(""),
        description="Token that visitors log in with, of at least 16 characters; empty: none on loopback, a new one at "
        "each start beyond it.",
    )
    allowed_hosts: str = Field(
        "",
        description="More names that the server answers to, such as a reverse proxy's, separated by commas; "
        "visitors need a token then.",
    )
    posts_per_minute: int = Field(
        300, ge=0, description="Most requests with work in them (POST) a minute from one client; 0: any number."
    )
    max_waiting_runs: int = Field(100, ge=1, description="Most runs that may wait in the queue.")
    max_upload_mb: int = Field(1024, ge=1, description="Largest upload accepted, in megabytes.")
    max_rows: int = Field(20_000_000, ge=1, description="Most rows accepted in one table.")
    max_columns: int = Field(5_000, ge=1, description="Most columns accepted in one table.")
    max_table_mb: int = Field(
        400,
        ge=1,
        description="Most memory, in megabytes, of one uploaded table; reading it takes up to three times that.",
    )
    undo_minutes: int = Field(
        60,
        ge=1,
        description="Minutes for which a deleted data set or monitor can be brought back before its files are removed.",
    )
    keep_refused_hours: int = Field(
        24,
        ge=0,
        le=8_760,
        description="Hours for which an uploaded file that could not be read is kept, so that its reading can be "
        "corrected on the Data page; 0: not at all.",
    )
    keep_runs_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days after which finished runs are deleted with their results and verdicts; 0: never.",
    )
    live: bool = Field(True, description="Whether the server takes in live rows and scores them.")
    live_sources: str = Field(
        "", description="TOML file of the live sources that the server reads: folders, MQTT, Kafka, SECS/GEM."
    )
    live_max_mb: int = Field(
        20_000,
        ge=10,
        description="Most disk, in megabytes, that live rows and their scores take; then rows are refused.",
    )
    live_max_waiting_rows: int = Field(
        500_000, ge=1000, description="Most live rows that may wait to be scored; then rows are refused for a while."
    )
    live_keep_hours: int = Field(
        48,
        ge=1,
        description="Hours for which live rows stay in the database after they were scored; older ones are written to "
        "Parquet files by equipment and day.",
    )
    live_keep_days: int = Field(
        30, ge=0, description="Days for which these Parquet files are kept; 0: live rows are deleted without any."
    )
    live_pause_s: float = Field(
        2.0, gt=0, description="Seconds without a row after which a wafer has ended, unless more of its rows come."
    )
    live_silence_s: float = Field(
        60.0, gt=0, description="Seconds without a row after which a live source or equipment is silent."
    )
    alarm_points: int = Field(
        3,
        ge=1,
        le=1000,
        description="Rows above the threshold, of the last WAFERWATCH_ALARM_WINDOW, that open an alarm.",
    )
    alarm_window: int = Field(5, ge=1, le=1000, description="Rows among which those are counted.")
    alarm_off_rows: int = Field(
        64, ge=1, le=1_000_000, description="Rows in a row below the lower threshold after which an alarm ends."
    )
    realarm_minutes: int = Field(
        30, ge=0, le=10_080, description="Minutes within which the same problem opens its alarm again, not a new one."
    )
    webhook_addresses: str = Field(
        "",
        description="Where webhooks may go: networks, addresses and host names, separated by commas, with private for "
        "all private networks and public for all public addresses; empty: public.",
    )
    smtp_host: str = Field("", description="Mail server for messages about alarms; empty: none are sent by mail.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Its port.")
    smtp_security: str = Field(
        "none", pattern="^(none|starttls|tls)$", description="How it is spoken to: none, starttls or tls."
    )
    smtp_user: str = Field("", description="User at the mail server; empty: nobody logs in.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    smtp_from: str = Field("", description="Sender of the mails; empty: waferwatch at the mail server.")
    live_quiet_wafers: int = Field(
        3, ge=0, description="Wafers after a maintenance that raise no alarm; 0: the old limits hold at once."
    )
    live_rebase: str = Field(
        "off",
        pattern="^(off|draft|active)$",
        description="What becomes of a monitor after a maintenance: off, its levels stay; draft, new levels are learnt "
        "from good wafers into a version that waits; active, and that version is put in use.",
    )
    live_rebase_wafers: int = Field(
        25,
        ge=5,
        description="Good wafers after a maintenance from which new levels are learnt; until then no alarm is raised.",
    )
    threads: int = Field(0, ge=0, description="Processor threads used by a detection; 0 takes every core.")
    device: str = Field(
        "auto",
        pattern="^(auto|cpu|cuda)$",
        description="Where MOMENT runs: auto, cpu or cuda; auto takes a GPU if one is usable.",
    )
    hub_endpoint: str = Field(
        "https://huggingface.co",
        description="Model hub, or its mirror inside the fab, that `waferwatch models import` asks.",
    )


def read_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment, with ``overrides`` (None means not given) on top.

    Raises:
        InputError: naming the variable that cannot be used, and why.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for name in Settings.model_fields:
        found = _environment_value(environment, PREFIX + name.upper())
        if found is not None:
            values[name] = found
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise InputError(
            "The setting {variable} cannot be {value!r}: {reason}.",
            hint="{help}",
            field=name,
            variable=PREFIX + name.upper(),
            value="..." if name in SECRETS else values.get(name),
            reason=first["msg"].rstrip("."),
            help=(Settings.model_fields[name].description if name in Settings.model_fields else "") or "",
        ) from error


@cache
def current_settings() -> Settings:
    """The settings of this process, read from its environment once."""
    return read_settings()


def _environment_value(environment: Mapping[str, str], variable: str) -> str | None:
    file_variable = f"{variable}_FILE"
    if file_variable not in environment:
        return environment.get(variable)
    path = Path(environment[file_variable])
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "The file {path}, named by {variable}, cannot be read.",
            hint="Give {variable} the path of a readable text file, or remove it.",
            field=file_variable,
            path=path,
            variable=file_variable,
        ) from error
    if not value:  # a secret that was not mounted must not open a server
        raise InputError(
            "The file {path}, named by {variable}, is empty.",
            hint="Write the value into it, or remove {variable}.",
            field=file_variable,
            path=path,
            variable=file_variable,
        )
    return value
