"""A recipe made from a file and what is said of it."""

from __future__ import annotations

from pathlib import Path

from waferwatch.read.formats.file_format import DataFile
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.fingerprint import print_of
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.reading import Reading, read_by
from waferwatch.read.recipe.recipe import ImportRecipe
from waferwatch.read.table import Table


def recipe_for(
    path: Path, recipe_name: str, options: ImportOptions, *, name: str | None = None, limits: Limits | None = None
) -> tuple[ImportRecipe, Table]:
    """The recipe for files of this form, and the table that it makes of this one.

    Args:
        name: of the file, in messages.

    Raises:
        InputError, NotFoundError, TooLargeError: the name cannot be, or the file cannot be read by the options.
    """
    limits = limits or Limits.of()
    made = ImportRecipe(recipe_name, options)
    table = read_by(path, Reading(options), name=name, limits=limits)
    fingerprint = print_of(DataFile(path, name or path.name, limits, options.form))
    return ImportRecipe(made.name, options, fingerprint), table
