"""The sources that a server reads by itself, as a TOML file names them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from waferwatch.errors import InputError
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.scoring.progress import EVERY, Progress, keep_progress, progress_of
from waferwatch.live.sources.folder import SETTLE_S, FolderOptions, FolderSource
from waferwatch.live.sources.kafka import KafkaOptions, KafkaSource, marks_of
from waferwatch.live.sources.mqtt import MqttOptions, MqttSource
from waferwatch.live.sources.secs import SecsOptions, SecsSource
from waferwatch.live.sources.source import LiveSource

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    monitor: _Name | None = None  # that scores its rows

    def made(self, database: LiveDatabase) -> LiveSource:
        """The source, not yet started."""
        raise NotImplementedError

    def _options(self, *left_out: str) -> dict[str, Any]:
        return self.model_dump(exclude={"kind", "monitor", *left_out})


class FolderTable(_Table):
    """Files that a tool drops."""

    kind: Literal["folder"]
    folder: Path
    pattern: str = "*"
    marker: str = ""
    settle_s: float = Field(SETTLE_S, ge=0)

    def made(self, database: LiveDatabase) -> LiveSource:
        return FolderSource(FolderOptions(**self._options()), database)


class MqttTable(_Table):
    """A broker."""

    kind: Literal["mqtt"]
    host: _Name
    topic: _Name | Annotated[list[_Name], Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    user: str = ""
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def made(self, database: LiveDatabase) -> LiveSource:
        password = "" if self.password_file is None else self.password_file.read_text("utf-8").strip()
        topics = [self.topic] if isinstance(self.topic, str) else self.topic
        return MqttSource(MqttOptions(**self._options("password_file", "topic"), topics=topics, password=password))


class KafkaTable(_Table):
    """A topic."""

    kind: Literal["kafka"]
    servers: _Name
    topic: _Name

    def made(self, database: LiveDatabase) -> LiveSource:
        return KafkaSource(KafkaOptions(**self._options()), lambda: marks_of(database, self.name))


class SecsTable(_Table):
    """An equipment."""

    kind: Literal["secs"]
    equipment: _Name
    host: _Name
    port: Annotated[int, Field(ge=1, le=65535)] = 5000
    active: bool = True
    session: int = Field(0, ge=0, le=32767)
    sensors: dict[int, str]  # SVID = name
    events: dict[int, dict[int, str]] = Field(default_factory=dict)  # CEID = {VID = lot, wafer, recipe, step or state}
    period_s: float = Field(1.0, gt=0)
    samples: int = Field(100_000, ge=1)
    group: int = Field(1, ge=1)

    def made(self, database: LiveDatabase) -> LiveSource:
        kept = KeptContext(database, self.name)
        return SecsSource(SecsOptions(**self._options()), kept.read, kept.keep)


SourceTable = FolderTable | MqttTable | KafkaTable | SecsTable


class SourceFile(BaseModel):
    """All of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[Annotated[SourceTable, Field(discriminator="kind")]]


class KeptContext:
    """What an equipment said last of lot, wafer, recipe and step, in the database."""

    def __init__(self, database: LiveDatabase, source: str) -> None:
        self._database = database
        self._stage = f"source {source}"

    def read(self) -> Mapping[str, str]:
        """Empty where nothing was said."""
        with self._database.reading() as connection:
            found = progress_of(connection, self._stage)
        return {} if found is None else dict(json.loads(found.detail))

    def keep(self, context: Mapping[str, str]) -> None:
        """It is on the disk when this returns."""
        with self._database.writing() as connection:
            keep_progress(connection, self._stage, EVERY, Progress(detail=json.dumps(dict(context))))


def read_sources(path: Path) -> SourceFile:
    """
    Raises:
        InputError: the file cannot be read, or something in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            "The file of live sources {path} cannot be read: {reason}.",
            hint="WAFERWATCH_LIVE_SOURCES names a TOML file with a table [[sources]] for each source.",
            field="live_sources",
            path=path,
            reason=str(error),
        ) from error
    try:
        found = SourceFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            "The file of live sources {path} cannot be used: {place}: {reason}.",
            hint="docs/live.md shows a table of each kind.",
            field="live_sources",
            path=path,
            place=".".join(str(part) for part in first["loc"]),
            reason=first["msg"],
        ) from error
    names = [one.name for one in found.sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            "Two live sources in {path} are named {name}.",
            hint="Give each a name of its own.",
            field="live_sources",
            path=path,
            name=twice,
        )
    return found
