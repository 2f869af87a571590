"""What was said of an uploaded file, as the database keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from waferwatch.read.recipe.option_fields import options_from_json, options_to_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.reading import Reading
from waferwatch.read.table import Note

_RECIPE = "recipe"


@dataclass(frozen=True)
class ChosenOptions:
    """The options by which a data set was read, with those of the recipe that it was read with."""

    options: ImportOptions = ImportOptions()  # noqa: RUF009 - it never changes
    recipe: str | None = None  # name of the recipe, which may have changed since

    def to_json(self) -> dict[str, Any]:
        """As the database keeps it."""
        return {"roles": {}, **options_to_json(self.options)} | ({_RECIPE: self.recipe} if self.recipe else {})

    def reading(self, notes: tuple[Note, ...] = ()) -> Reading:
        """The same again; ``notes`` say which recipe it came from."""
        return Reading(self.options, notes=notes)

    def with_roles(self, roles: Mapping[str, str | None]) -> ChosenOptions:
        """With the roles of some columns; None takes back what was said of one."""
        base = _without(self.options, {column for column, role in roles.items() if role is None})
        said = ImportOptions(roles={column: role for column, role in roles.items() if role is not None})
        return replace(self, options=said.over(base))


def chosen_from_json(kept: Mapping[str, Any]) -> ChosenOptions:
    """What ``to_json`` gave; before 0.6 these were the roles of columns alone."""
    if not isinstance(kept.get("roles"), dict):
        return ChosenOptions(ImportOptions(roles=dict(kept)))
    return ChosenOptions(
        options_from_json({name: value for name, value in kept.items() if name != _RECIPE}), kept.get(_RECIPE)
    )


def chosen_of(reading: Reading) -> ChosenOptions:
    """What is kept of a reading."""
    return ChosenOptions(reading.options, None if reading.recipe is None else reading.recipe.name)


def _without(options: ImportOptions, columns: set[str]) -> ImportOptions:
    """The options without these columns."""
    listed = {
        name: tuple(one for one in getattr(options, name) or () if one not in columns) or None
        for name in ("features", "time", "group")
    }
    return replace(
        options,
        roles={column: role for column, role in options.roles.items() if column not in columns},
        label=None if options.label in columns else options.label,
        features=listed["features"],
        time=listed["time"],
        group=listed["group"],
    )
