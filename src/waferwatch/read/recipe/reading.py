"""A file read by import options and the recipe that fits it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.file_rows import FileRows
from waferwatch.read.files import open_rows, with_clock_note
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.form import Form
from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.frames import table_from_frame
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.fingerprint import FormPrint, print_of
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.recipe import ImportRecipe
from waferwatch.read.table import Note, Table

_LISTED = 5


@dataclass(frozen=True)
class Reading:
    """How one file is read: what was said of it, and the recipe that says the rest."""

    said: ImportOptions = field(default_factory=ImportOptions)
    recipe: ImportRecipe | None = None
    notes: tuple[Note, ...] = ()  # which recipe was used, or why none was

    @property
    def options(self) -> ImportOptions:
        """What was said, over the recipe."""
        return self.said if self.recipe is None else self.said.over(self.recipe.options)

    @property
    def form(self) -> Form:
        return self.options.form


def choose_recipe(
    path: Path, said: ImportOptions, recipes: Iterable[ImportRecipe], *, name: str | None = None, limits: Limits
) -> Reading:
    """How a file is read where no recipe is named: by the only one of these whose form it has."""
    name = name or path.name
    prints: dict[Form, FormPrint | None] = {}
    fitting: list[ImportRecipe] = []
    near: list[tuple[ImportRecipe, str]] = []
    for recipe in recipes:
        if recipe.fingerprint is None:
            continue
        form = recipe.options.form
        if form not in prints:
            prints[form] = _print(path, name, form, limits)
        found = prints[form]
        part = "format" if found is None else found.difference(recipe.fingerprint)
        if part is None:
            fitting.append(recipe)
        elif found is not None and found.header_line != 0 and found.columns == recipe.fingerprint.columns:
            near.append((recipe, part))
    if len(fitting) == 1:
        return Reading(said, fitting[0], (_used(fitting[0], name),))
    if fitting:
        return Reading(said, notes=(_several(fitting, name),))
    return Reading(said, notes=tuple(_nearly(recipe, part, name) for recipe, part in near[:_LISTED]))


def read_by(path: Path, reading: Reading, *, name: str | None = None, limits: Limits | None = None) -> Table:
    """The table of a file, with what is to be said of its recipe.

    Raises:
        InputError, NotFoundError, TooLargeError: as ``read_table``. Where the recipe names a column that is not
            there, the message names the recipe and its field.
    """
    name = name or path.name
    rows = rows_by(path, reading, name=name, limits=limits)
    return table_by(rows, reading, name)


def rows_by(path: Path, reading: Reading, *, name: str | None = None, limits: Limits | None = None) -> FileRows:
    """The rows of a file in the wide shape; errors as ``read_by``."""
    name = name or path.name
    with_form = reading.recipe is not None and reading.recipe.options.form != Form()
    try:
        rows = open_rows(path, name, limits or Limits.of(), reading.form)
    except (InputError, NotFoundError) as error:
        if reading.recipe is None or not with_form or error.field not in _form_fields(reading.recipe):
            raise
        raise _does_not_fit(reading.recipe, name, str(error.field), str(error)) from error
    return replace(rows, notes=(*reading.notes, *rows.notes))


def table_by(rows: FileRows, reading: Reading, name: str) -> Table:
    """The table of rows; errors as ``read_by``."""
    check_fits(reading, {str(column) for column in rows.frame.columns}, name)
    options = reading.options
    table = table_from_frame(
        rows.frame, name=name, first_row=rows.first_row, notes=rows.notes, rules=options.rules, **options.columns
    )
    return with_clock_note(table)


def check_fits(reading: Reading, columns: set[str], name: str) -> None:
    """
    Raises:
        InputError: the recipe, not what was said beyond it, names a column that is not there.
    """
    if reading.recipe is None:
        return
    said = reading.said.named_columns()
    for option, named in reading.options.named_columns().items():
        missing = [column for column in named if column not in columns and column not in said.get(option, ())]
        if missing:
            raise InputError(
                "The import recipe {recipe} does not fit {table}: its field {name} names the column {column}, which is "
                "not there.",
                hint="Use another recipe, or none: --recipe none. The columns are: {columns}.",
                field="recipe",
                recipe=reading.recipe.name,
                table=name,
                name=option,
                column=missing[0],
                columns=", ".join(sorted(columns)[:20]),
            )


def _form_fields(recipe: ImportRecipe) -> set[str]:
    return {name for name in ("encoding", "header_line", "shape", "sheet") if getattr(recipe.options, name) is not None}


def _does_not_fit(recipe: ImportRecipe, name: str, field: str, reason: str) -> InputError:
    return InputError(
        "The import recipe {recipe} does not fit {table}: its field {name} cannot be used there. {reason}",
        hint="Use another recipe, or none: --recipe none.",
        field="recipe",
        recipe=recipe.name,
        table=name,
        name=field,
        reason=reason,
    )


def _print(path: Path, name: str, form: Form, limits: Limits) -> FormPrint | None:
    """None where the file cannot be read by the form: it has another one."""
    try:
        return print_of(DataFile(path, name, limits, form))
    except (WaferwatchError, OSError, UnicodeError):
        return None


def _used(recipe: ImportRecipe, name: str) -> Note:
    return FileFinding(
        "{table} was read with the import recipe {recipe}, since it has its form; --recipe none reads it without.",
        {"table": name, "recipe": recipe.name},
        level=Level.REPAIRED,
        code="recipe_used",
        option="--recipe none",
        field="recipe",
    )


def named_note(recipe: ImportRecipe, name: str) -> Note:
    """What is said of a recipe that was asked for."""
    return FileFinding(
        "{table} was read with the import recipe {recipe}.", {"table": name, "recipe": recipe.name}, code="recipe_used"
    )


def _several(recipes: list[ImportRecipe], name: str) -> Note:
    said: dict[str, object] = {
        "table": name,
        "count": len(recipes),
        "recipes": ", ".join(recipe.name for recipe in recipes[:_LISTED]),
    }
    return FileFinding(
        "{table} has the form of {count} import recipes ({recipes}); none of them was used.",
        said,
        level=Level.REPAIRED,
        code="several_recipes",
        count=len(recipes),
        remedy="Name the one to use, or delete the others.",
        option="--recipe NAME",
        field="recipe",
    )


_NEAR_TEXTS = {
    "format": "{table} has the columns of the import recipe {recipe}, but is of another format; it was not used.",
    "delimiter": "{table} has the columns of the import recipe {recipe}, but another delimiter; it was not used.",
    "header_line": "{table} has the columns of the import recipe {recipe}, but in another line; it was not used.",
    "units": "{table} has the columns of the import recipe {recipe}, but other units; it was not used.",
}


def _nearly(recipe: ImportRecipe, part: str, name: str) -> Note:
    return FileFinding(
        _NEAR_TEXTS[part],
        {"table": name, "recipe": recipe.name},
        code="recipe_near",
        remedy="Name the recipe to use it all the same.",
        option=f"--recipe {recipe.name}",
        field="recipe",
    )
