"""``--recipe``, and the reading of files by it and by the other options."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from waferwatch.commands.options import data_options
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.read.recipe.reading import Reading
    from waferwatch.read.table import Table
    from waferwatch.store.imports.recipes import Recipes


def add_recipe_option(parser: argparse.ArgumentParser) -> None:
    """``--recipe``."""
    parser.add_argument(
        "--recipe",
        metavar="NAME|FILE.json",
        help="an import recipe; none: use no recipe; default: the stored one whose form FILE has",
    )


def stored_recipes(data_dir: Path | None) -> Recipes:
    """The import recipes of the data folder."""
    from waferwatch.store.imports.recipes import Recipes

    return Recipes(read_settings(data_dir=data_dir).data_dir)


def reading_of(options: argparse.Namespace, path: str | os.PathLike[str]) -> Reading:
    """How a file is to be read: by the options, and by the recipe that is named or that fits.

    Raises:
        InputError, NotFoundError: for a recipe that does not exist or cannot be read, or an option that cannot be.
    """
    from waferwatch.store.imports.recipes import reading_for

    said = data_options.import_options(options)
    return reading_for(Path(path), said, options.recipe, stored_recipes(options.data_dir))


def read_file(options: argparse.Namespace, path: str | os.PathLike[str]) -> Table:
    """The table of a file, read by the options; errors as for ``reading_of`` and ``read_table``."""
    from waferwatch.read.recipe.reading import read_by

    return read_by(Path(path), reading_of(options, path))
