"""Everything that a person can say of how a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from waferwatch.read.cells.rules import CellRules
from waferwatch.read.form import Form
from waferwatch.read.roles.column_names import require_role
from waferwatch.read.table import Role

FORM_FIELDS = ("encoding", "delimiter", "header_line", "units_line", "shape", "sheet")
_NAMING = ("features", "time", "group")


@dataclass(frozen=True)
class ImportOptions:
    """How a file is read, as far as somebody has said so; None or nothing: it is found.

    Raises:
        InputError, NotFoundError: for a value that an option cannot have; ``field`` names the option.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    units_line: int | None = None
    shape: str | None = None
    sheet: str | None = None
    features: tuple[str, ...] | None = None  # exactly these columns are the sensors
    time: tuple[str, ...] | None = None  # the clock, and further columns that hold a part of it
    group: tuple[str, ...] | None = None
    label: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    no_value: tuple[str, ...] | None = None
    bad_cells: float | None = None
    date_order: str | None = None
    time_zone: str | None = None
    keep_values: bool | None = None
    leave_out_rows: tuple[tuple[str, str], ...] | None = None

    def __post_init__(self) -> None:
        self.form, self.rules  # noqa: B018 - both check what they are made of
        for column, role in self.roles.items():
            require_role(role, column)

    @property
    def form(self) -> Form:
        """What is said of how the file is written."""
        return Form(**{name: getattr(self, name) for name in FORM_FIELDS})

    @property
    def rules(self) -> CellRules:
        """What is said of its cells."""
        return CellRules.of(
            no_value=self.no_value or (),
            bad_cells=self.bad_cells,
            date_order=self.date_order,
            time_zone=self.time_zone,
            keep_values=bool(self.keep_values),
            leave_out_rows=self.leave_out_rows or (),
        )

    @property
    def columns(self) -> dict[str, Any]:
        """What is said of its columns, as ``table_from_frame`` takes it."""
        return {name: getattr(self, name) for name in (*_NAMING, "label", "roles")}

    def named_columns(self) -> dict[str, tuple[str, ...]]:
        """Option -> the columns that it names."""
        named = {name: getattr(self, name) or () for name in _NAMING}
        named["label"] = () if self.label is None else (self.label,)
        named["roles"] = tuple(self.roles)
        named["leave_out_rows"] = tuple(column for column, _ in self.leave_out_rows or ())
        return {name: columns for name, columns in named.items() if columns}

    def over(self, base: ImportOptions) -> ImportOptions:
        """These options where they say something, and those of ``base`` where they do not contradict them."""
        kept = _not_against(base, self)
        said = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) is not None}
        said["roles"] = {**kept.roles, **self.roles}
        return replace(kept, **said)


def _not_against(base: ImportOptions, said: ImportOptions) -> ImportOptions:
    """The options of ``base`` without what would give a column a second role, or a table a second clock or label."""
    taken = {column for columns in said.named_columns().values() for column in columns} - {
        column for column, _ in said.leave_out_rows or ()
    }
    settled = {
        role
        for role, given in ((Role.TIME, said.time), (Role.LABEL, said.label), (Role.SENSOR, said.features))
        if given is not None
    } | {Role(role) for role in said.roles.values() if role in (Role.TIME, Role.LABEL)}
    roles = {column: role for column, role in base.roles.items() if column not in taken and Role(role) not in settled}
    without: dict[str, Any] = {name: _without(getattr(base, name), set(said.roles)) for name in _NAMING}
    if Role.TIME in settled:
        without["time"] = None
    label = None if Role.LABEL in settled or base.label in taken else base.label
    return replace(base, roles=roles, label=label, **without)


def _without(columns: tuple[str, ...] | None, taken: set[str]) -> tuple[str, ...] | None:
    return None if columns is None else tuple(column for column in columns if column not in taken) or None
