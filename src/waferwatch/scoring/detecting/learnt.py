"""What a detector has learnt, and how the table it learnt from was laid out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import pandas as pd

from waferwatch.errors import InputError, ModelError
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.models.contract import Detector, ModelInfo
from waferwatch.models.fitted import Fitted
from waferwatch.models.levels import LevelShift, UsualLevels, as_before
from waferwatch.models.registry import create
from waferwatch.models.state import digest_of
from waferwatch.read.frames import plain_frame, table_from_frame
from waferwatch.read.table import Note, Role, Table
from waferwatch.scoring.reference import CONTEXT, without_context
from waferwatch.scoring.sensors import check_sensors
from waferwatch.series.layout import SeriesLayout
from waferwatch.series.series import Series

_READ_BY = (Role.TIME, Role.EQUIPMENT, Role.LOT, Role.WAFER, Role.RECIPE, Role.STEP, Role.LABEL)


@dataclass(frozen=True)
class LearntModel:
    """All that a model knows, and how it reads a table. It never changes."""

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
    codes: dict[str, list[str]] = field(default_factory=dict)  # code column that is no sensor -> values learnt from

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
        """What only some models have: those of monitors, with golden wafers, or of tables with codes."""
        more = {
            "levels": self.levels or None,
            "shifts": self.shifts or None,
            "wafers": self.wafers,
            "early": self.early,
            "codes": self.codes or None,
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

    def as_before(self, series: Sequence[Series]) -> list[Series]:
        """Series with readings as they would have been before each maintenance that the model was rebased after."""
        return as_before(series, self.shifts)

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
            InputError: a sensor, or a column that says which step a row belongs to, is missing.
        """
        sensors = table.columns(Role.SENSOR)
        check_sensors(table.name, sensors, self.features, [name for name in table.frame.columns if name not in sensors])
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


def roles_of(table: Table) -> dict[str, str]:
    """The columns by which a table is read, and which are left out of it."""
    return {name: role.value for name, role in table.roles.items() if role in _READ_BY}
