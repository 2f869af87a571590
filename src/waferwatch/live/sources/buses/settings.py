"""The file that names the sources: ``sources.json`` in the folder of live data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from waferwatch.errors import InputError

FILE = "sources.json"
SECRETS = ("password", "sasl_password")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class SourceSettings(BaseModel):
    """What all sources have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="Name of the source, by which monitors watch it.")
    enabled: bool = Field(True, description="Whether it is started with the server.")


class MqttSettings(SourceSettings):
    """A broker and its topics."""

    kind: Literal["mqtt"]
    host: str
    port: Port = 1883
    topics: list[str] = Field(min_length=1, max_length=100, description="Such as fab/{equipment}/{sensor}.")
    gather_s: float = Field(
        1.0, gt=0, le=60, description="Seconds within which readings of single sensors make up one row."
    )
    client_id: str = Field("", max_length=100, description="Empty: waferwatch- and the name of the source.")
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = Field("", description="Certificates to trust; empty: those of the system.")
    version: Literal["5", "3.1.1"] = "5"
    session_hours: float = Field(
        24.0, gt=0, le=1000, description="Hours for which the broker keeps messages while waferwatch is away."
    )


class KafkaSettings(SourceSettings):
    """Topics of a cluster. The key of a message is its equipment where its value names none."""

    kind: Literal["kafka"]
    servers: list[str] = Field(min_length=1, max_length=50, description="Such as broker-1:9092.")
    topics: list[str] = Field(min_length=1, max_length=100)
    start: Literal["newest", "oldest"] = Field("newest", description="Where the first start begins.")
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: str = ""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str = ""
    sasl_password: str = ""


class TraceSettings(BaseModel):
    """One trace that the tool is asked for with S2F23."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(ge=0, description="TRID.")
    period_s: float = Field(1.0, ge=0.01, le=86_399, description="Seconds between two samples.")
    samples: int = Field(3600, ge=1, description="TOTSMP: after as many samples the trace is asked for again.")
    group: int = Field(1, ge=1, description="REPGSZ: samples in one message.")
    sensors: dict[str, int] = Field(min_length=1, description="Sensor -> SVID.")


class EventSettings(BaseModel):
    """What a collection event changes for the rows that follow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: dict[str, int] = Field(
        default_factory=dict, description="lot, wafer, recipe, step, state or a sensor -> the number of its variable."
    )
    sets: dict[str, str] = Field(default_factory=dict, description="The same places with a fixed text, such as state.")


class SecsSettings(SourceSettings):
    """A tool that speaks SECS-II over HSMS; waferwatch is its host."""

    kind: Literal["secs"]
    equipment: str = Field(min_length=1, max_length=200)
    host: str = "127.0.0.1"
    port: Port = 5000
    mode: Literal["active", "passive"] = Field("active", description="active: the tool listens; passive: it calls.")
    session: int = Field(0, ge=0, le=32_767, description="Session or device number.")
    traces: list[TraceSettings] = Field(default_factory=list, max_length=50)
    events: dict[int, EventSettings] = Field(default_factory=dict, description="CEID -> what it says.")


AnySource = Annotated[MqttSettings | KafkaSettings | SecsSettings, Field(discriminator="kind")]


class SourcesDocument(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[AnySource] = Field(default_factory=list, max_length=200)


def read_sources(path: Path) -> list[AnySource]:
    """The sources that a file names; none where there is no file.

    Raises:
        InputError: it is no JSON, a field is wrong (the message names it), or a name is there twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    try:
        document = SourcesDocument.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise _unreadable(path, str(error)) from error
    except ValidationError as error:
        raise _wrong(path, error) from error
    names = [one.name for one in document.sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _unreadable(path, f"the name {twice} is there twice")
    return document.sources


def shown(source: SourceSettings) -> dict[str, Any]:
    """The settings without secrets."""
    plain = source.model_dump()
    return {name: "..." if name in SECRETS and value else value for name, value in plain.items()}


def _unreadable(path: Path, reason: str) -> InputError:
    return InputError(
        "The sources in {path} cannot be read: {reason}.",
        hint="docs/live.md shows how the file is written.",
        field="sources",
        path=path,
        reason=reason,
    )


def _wrong(path: Path, error: ValidationError) -> InputError:
    first = error.errors()[0]
    return InputError(
        "In {path} the field {place} cannot be used: {reason}.",
        hint="docs/live.md shows how the file is written.",
        field="sources",
        path=path,
        place=".".join(str(part) for part in first["loc"]),
        reason=first["msg"],
    )
