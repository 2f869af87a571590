"""Import recipes of one data folder, each a JSON file."""

from __future__ import annotations

import hashlib
import logging
import os
import unicodedata
from pathlib import Path
from typing import BinaryIO

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.reading import Reading, choose_recipe, named_note
from waferwatch.read.recipe.recipe import NO_RECIPE, ImportRecipe, read_recipe, recipe_from_text, recipe_text
from waferwatch.store.disk import files, folders

_log = logging.getLogger("waferwatch.store")


class Recipes:
    """The import recipes of a data folder. Safe to use from several threads and processes.

    Nothing is written before a recipe is kept: reading a file asks for recipes on machines that have none.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "recipes"

    def all(self) -> list[ImportRecipe]:
        """Every recipe, by name. One that cannot be read is left out, and the log says so."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(recipe_from_text(path.read_bytes()))
            except (OSError, WaferwatchError) as error:
                _log.error("the import recipe in %s cannot be read: %s", path, error)
        return sorted(found, key=lambda recipe: recipe.name)

    def get(self, name: str) -> ImportRecipe:
        """
        Raises:
            NotFoundError: there is no such recipe.
            InputError: its file cannot be read.
        """
        try:
            return recipe_from_text(self._path(name).read_bytes())
        except FileNotFoundError as error:
            raise no_recipe(name) from error

    def put(self, recipe: ImportRecipe, *, replace: bool = False) -> None:
        """Keep a recipe. It is on the disk when this returns.

        Raises:
            InputError: there is one of this name, and it is not to be replaced.
            StorageFullError: when the disk is full or cannot be written.
        """
        path = self._path(recipe.name)
        if path.exists() and not replace:
            raise InputError(
                "There is an import recipe {name} already.",
                hint="Choose another name, or say that it is to be replaced.",
                field="name",
                name=recipe.name,
            )
        folders.make_private(self._folder)

        def write(file: BinaryIO) -> None:
            file.write(recipe_text(recipe).encode())

        files.put(path, write)

    def delete(self, name: str) -> None:
        """
        Raises:
            NotFoundError: there is no such recipe.
            StorageFullError: when the disk cannot be written.
        """
        with files.storage_errors():
            try:
                self._path(name).unlink()
            except FileNotFoundError as error:
                raise no_recipe(name) from error

    def _path(self, name: str) -> Path:
        """A name may hold letters that a file's name may not, and two names may differ by capital letters only."""
        named = unicodedata.normalize("NFC", name).encode(errors="replace")
        return self._folder / f"{hashlib.sha256(named).hexdigest()[:32]}.json"


def no_recipe(name: str) -> NotFoundError:
    return NotFoundError(
        "There is no import recipe {name}.",
        hint="Choose one from the list of import recipes, or save it first.",
        field="recipe",
        name=name[:100],
    )


def reading_for(
    path: Path,
    said: ImportOptions,
    wanted: str | os.PathLike[str] | ImportRecipe | None,
    recipes: Recipes,
    *,
    name: str | None = None,
    limits: Limits | None = None,
) -> Reading:
    """How a file is to be read.

    Args:
        said: what is said of it, over any recipe.
        wanted: a recipe, its name, or the path of its JSON file; ``"none"``: no recipe; None: the only one whose form
            the file has.
        name: of the file, in messages.

    Raises:
        InputError, NotFoundError: there is no such recipe, or it cannot be read.
    """
    name = name or path.name
    if isinstance(wanted, str) and wanted == NO_RECIPE:
        return Reading(said)
    if wanted is None:
        return choose_recipe(path, said, recipes.all(), name=name, limits=limits or Limits.of())
    recipe = wanted if isinstance(wanted, ImportRecipe) else _recipe(wanted, recipes)
    return Reading(said, recipe, (named_note(recipe, name),))


def _recipe(wanted: str | os.PathLike[str], recipes: Recipes) -> ImportRecipe:
    path = Path(wanted)
    is_file = not isinstance(wanted, str) or path.suffix == ".json" or path.name != wanted
    return read_recipe(path) if is_file else recipes.get(str(wanted))
