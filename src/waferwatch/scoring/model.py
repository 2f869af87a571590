"""A model: what a detector has learnt, and how the table it learnt from was laid out. Unchanged after fitting."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from waferwatch.errors import InputError, ModelError
from waferwatch.indicators.hard_rules import typed_limits
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.models.contract import Detector, ModelInfo, Progress, no_progress
from waferwatch.models.fitted import Fitted
from waferwatch.models.levels import LevelShift, UsualLevels, as_before
from waferwatch.models.registry import create, detector_class
from waferwatch.models.state import digest_of, pack, unpack
from waferwatch.read.frames import plain_frame, table_from_frame
from waferwatch.read.table import Note, Role, Table
from waferwatch.scoring.reference import CONTEXT, without_context
from waferwatch.scoring.result import Detection
from waferwatch.scoring.sensors import check_sensors
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.series import Series

FORMAT = 1
DESCRIPTION, ARRAYS = "model.json", "arrays.npz"
_READ_BY = (Role.TIME, Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP, Role.LABEL)


@dataclass(frozen=True)
class ModelContent:
    """A model as two files."""

    description: bytes  # JSON
    arrays: bytes  # npz


@dataclass(frozen=True)
class Model:
    """What :func:`waferwatch.fit` gives: it scores any number of frames, and never changes."""

    fitted: Fitted
    features: list[str]  # names of the sensors, in the order of the columns of their values
    roles: dict[str, str]  # column -> role of the columns that are no sensors
    groups: list[str]  # columns that split rows into series
    layout: SeriesLayout
    info: ModelInfo  # which algorithm or checkpoint it was learnt with
    jumps: dict[str, list[float]] = field(default_factory=dict)  # scope -> how far each sensor's normal values jump
    device: str | None = None  # asked for
    notes: tuple[Note, ...] = field(default=())  # what was noticed while learning
    made_by: str = field(default_factory=lambda: version("waferwatch"))
    levels: dict[str, UsualLevels] = field(default_factory=dict)  # scope -> usual levels; only of what a monitor learnt
    shifts: list[LevelShift] = field(default_factory=list)  # learnt after a maintenance, oldest first
    wafers: WaferModel | None = None  # what golden wafers showed; None without them, and in models before 0.5.0
    early: Fitted | None = (
        None  # the detector ``early`` on the same rows, for live alarms; only of what a monitor learnt
    )

    @property
    def name(self) -> str:
        """Name of the detector."""
        return self.fitted.detector

    @property
    def context(self) -> int:
        """Points before a row that its score rests on, at most; where wafers are runs, the row's own run as well."""
        return self.fitted.context

    @property
    def delay(self) -> int:
        """Points behind a row that its score rests on, at most: it is settled when they have come."""
        return self.fitted.delay

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that was learnt: equal models have equal ones."""
        about = {**self._about(), "made_by": None, "device": None, "notes": None, "info": [self.info.sha256]}
        said = {"fitted": self.fitted, "about": json.dumps(about, sort_keys=True, default=str)}
        return digest_of(said | self._more)

    @property
    def _more(self) -> dict[str, Any]:
        """What only models of monitors and models with golden wafers have."""
        more = {
            "levels": self.levels or None,
            "shifts": self.shifts or None,
            "wafers": self.wafers,
            "early": self.early,
        }
        return {name: known for name, known in more.items() if known is not None}

    @cached_property
    def detector(self) -> Detector:
        """The detector that reads with what was learnt.

        Raises:
            ModelError: when the checkpoint that the model was learnt with is not there.
        """
        if self.info.sha256 is None:
            return create(self.name)
        found = create(self.name, checkpoint=self.info.name, device=self.device)
        if found.info.sha256 != self.info.sha256:
            raise ModelError(
                "The model was learnt with the checkpoint {name} ({expected}), but that of this installation is "
                "another one ({found}).",
                hint="Import the checkpoint it was learnt with, or learn the model again.",
                name=self.info.name,
                expected=self.info.sha256[:12],
                found=(found.info.sha256 or "-")[:12],
            )
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Without the network, which is loaded anew: joblib and other code of the caller's may pickle a model."""
        return {name: value for name, value in self.__dict__.items() if name != "detector"}

    def detect(
        self,
        frame: pd.DataFrame | Table,
        *,
        threshold: float | Literal["auto"] = AUTO,
        contamination: float | None = None,
        false_alarms: float | None = None,
        limits: pd.DataFrame | None = None,
        progress: Progress = no_progress,
    ) -> Detection:
        """Find anomalies in a frame with the same columns, without learning anew.

        Args:
            frame: rows in any time order, or what :func:`waferwatch.read_file` has read; results come back in its row
                order. It is not changed.
            threshold: "auto", or a number as the scores are.
            contamination: instead: expected share of anomalous rows, above 0 and at most 0.5.
            false_alarms: instead: at most this many false events per equipment and week.
            limits: of indicators of wafers, that a person has set, as for :func:`waferwatch.detect`.
            progress: called with the share done, 0 to 1.

        Raises:
            InputError, NotFoundError: the frame lacks a column, or an option cannot be used.
            ModelError: the checkpoint of the model is not there.
        """
        from waferwatch.scoring.run import detect_with

        wish = Thresholds(threshold, contamination, false_alarms)
        return detect_with(self, self.table(frame), wish, progress, [] if limits is None else typed_limits(limits))

    def as_before(self, series: Sequence[Series]) -> list[Series]:
        """Series with readings as they would have been before each maintenance that the model was rebased after."""
        return as_before(series, self.shifts)

    def stream(self, state: bytes | None = None) -> Any:
        """Scores of rows as they arrive: see :class:`waferwatch.scoring.stream.Stream`.

        Args:
            state: what ``Stream.state()`` gave; None begins anew.
        """
        from waferwatch.scoring.stream import Stream

        return Stream(self, state)

    def table(self, frame: pd.DataFrame | Table, name: str = "the frame") -> Table:
        """A frame, or a table, read as the one that was learnt from.

        Raises:
            InputError, NotFoundError: it lacks a column that the model needs.
        """
        if isinstance(frame, Table):
            return self.fits(
                replace(self._read(frame.frame, frame.name, frame.first_row, frame.notes), zone=frame.zone)
            )
        return self.fits(self._read(frame, name))

    def plain(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """A frame with text names and with what its index says of its rows as columns.

        Raises:
            InputError: it is no DataFrame with rows and with names that differ.
        """
        asked = {*self.features, *self.groups, *self.roles}
        there = {str(column) for column in getattr(frame, "columns", ())}
        clock = [column for column, role in self.roles.items() if role == Role.TIME.value and column in there]
        return plain_frame(frame, name, asked=asked, clock=clock)

    def _read(self, frame: pd.DataFrame, name: str, first_row: int = 1, notes: Sequence[Note] = ()) -> Table:
        plain = self.plain(frame, name)
        columns = set(plain.columns)
        check_sensors(name, columns, self.features)
        roles = {column: role for column, role in self.roles.items() if column in columns}
        return table_from_frame(
            plain,
            name=name,
            features=self.features,
            group=self._groups(columns),
            roles=roles,
            first_row=first_row,
            notes=notes,
        )

    def fits(self, table: Table) -> Table:
        """The table as the model can score it: recipes, steps and wafers that it knows nothing of do not count.

        Raises:
            InputError: a sensor or a column that says which step a row belongs to is missing.
        """
        there = set(table.columns(Role.SENSOR))
        missing = [name for name in self.features if name not in there]
        if missing:
            raise InputError(
                "{table} lacks the sensors {columns} that the model was learnt with.",
                hint="Give it the same sensor columns, or learn a model without them.",
                field="features",
                table=table.name,
                columns=", ".join(missing[:10]),
            )
        known = set(self.roles.values())
        lost = [role.value for role in (Role.RECIPE, Role.STEP) if role.value in known and table.column(role) is None]
        if lost and self.fitted.reads_steps:
            raise InputError(
                "{table} lacks the column of the {roles}, which the model was learnt with.",
                hint="Give it that column, or name its role.",
                field="roles",
                table=table.name,
                roles=", ".join(lost),
            )
        return without_context(table, [role for role in CONTEXT if role.value not in known])

    def content(self) -> ModelContent:
        """The model as it is written; nothing is pickled."""
        document, arrays = pack({"fitted": self.fitted} | self._more)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        hashes = {"digest": self.digest, "arrays": hashlib.sha256(buffer.getvalue()).hexdigest()}
        about = {**self._about(), "format": FORMAT, **hashes, **document["dict"]}
        about["checksum"] = _checksum(about)
        return ModelContent(json.dumps(about, ensure_ascii=False, indent=1).encode(), buffer.getvalue())

    def save(self, folder: str | Path) -> None:
        """Write the model as ``model.json`` and ``arrays.npz`` into a folder, which is made; nothing is pickled.

        Raises:
            InputError: the folder cannot be written.
        """
        path, written = Path(folder), self.content()
        try:
            path.mkdir(parents=True, exist_ok=True)
            for name, content in ((ARRAYS, written.arrays), (DESCRIPTION, written.description)):
                (path / f".{name}.part").write_bytes(content)
                os.replace(path / f".{name}.part", path / name)
        except OSError as error:
            raise InputError(
                "The model could not be written to {path}: {reason}.",
                hint="Free some space or choose another folder.",
                field="folder",
                path=path,
                reason=error.strerror or "the disk refused it",
            ) from error

    def _groups(self, columns: set[str]) -> list[str] | None:
        found = [name for name in self.groups if name in columns]
        lacks_equipment = any(self.roles.get(name) == Role.EQUIPMENT.value for name in set(self.groups) - set(found))
        return None if lacks_equipment else found or None

    def _about(self) -> dict[str, Any]:
        return {
            "detector": self.name,
            "features": list(self.features),
            "roles": dict(self.roles),
            "groups": list(self.groups),
            "layout": self.layout.to_dict(),
            "info": [self.info.name, self.info.sha256, self.info.device],
            "jumps": dict(self.jumps),
            "device": self.device,
            "notes": [{"template": note.template, "values": note.values} for note in self.notes],
            "made_by": self.made_by,
        }


def load(folder: str | Path) -> Model:
    """A model that :meth:`Model.save` wrote.

    Raises:
        ModelError: it is not there, is damaged, or was made by a version that this one cannot read.
    """
    path = Path(folder)
    try:
        content = ModelContent((path / DESCRIPTION).read_bytes(), (path / ARRAYS).read_bytes())
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from error
    return model_from(content, path)


def model_from(content: ModelContent, path: Path) -> Model:
    """A model from what :meth:`Model.content` gave.

    Args:
        path: where it was found, for messages.

    Raises:
        ModelError: it is damaged, or was made by a version that this one cannot read.
    """
    try:
        about = json.loads(content.description.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, type(error).__name__) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ModelError(
            "The model in {path} is of a format that this version of waferwatch cannot read.",
            hint="Learn the model again.",
            path=path,
        )
    arrays = hashlib.sha256(content.arrays).hexdigest()
    if about.get("checksum") != _checksum(about) or about.get("arrays") != arrays:
        raise _damaged(path)
    found = _built(about, content.arrays, path)
    try:
        same = found.digest == about.get("digest")
    except (AttributeError, TypeError, ValueError, RecursionError) as error:  # parts of another kind
        raise _damaged(path) from error
    if not same:
        raise _damaged(path)
    return found


def _unreadable(path: Path, reason: str) -> ModelError:
    return ModelError(
        "There is no readable model in {path}: {reason}.",
        hint="Name the folder that Model.save wrote, or learn the model again.",
        path=path,
        reason=reason,
    )


def _checksum(about: Mapping[str, Any]) -> str:
    """SHA-256 of all that a description says but for this."""
    said = {name: value for name, value in about.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> ModelError:
    return ModelError(
        "The model in {path} is damaged: what it holds is not what was saved.",
        hint="Copy it again from where it was saved, or learn the model again.",
        path=path,
    )


def _built(about: Mapping[str, Any], content: bytes, path: Path) -> Model:
    try:
        for name in (about["detector"], *(["early"] if "early" in about else [])):
            detector_class(name)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Model(
            unpack(about["fitted"], arrays),
            list(about["features"]),
            dict(about["roles"]),
            list(about["groups"]),
            SeriesLayout.from_dict(about["layout"]),
            ModelInfo(*about["info"]),
            dict(about["jumps"]),
            about["device"],
            tuple(Note(note["template"], note["values"]) for note in about["notes"]),
            about["made_by"],
            unpack(about.get("levels", {"dict": {}}), arrays),
            unpack(about.get("shifts", []), arrays),
            unpack(about["wafers"], arrays) if "wafers" in about else None,
            unpack(about["early"], arrays) if "early" in about else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error, RecursionError) as error:
        raise ModelError(
            "The model in {path} is damaged: {reason}.",
            hint="Copy it again from where it was saved, or learn the model again.",
            path=path,
            reason=f"{type(error).__name__}: {error}",
        ) from error


def roles_of(table: Table) -> dict[str, str]:
    """The columns by which a table is read, and which are left out of it."""
    return {name: role.value for name, role in table.roles.items() if role in _READ_BY}
