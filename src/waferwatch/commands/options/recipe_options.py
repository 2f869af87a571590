"""``--recipe``, and the reading of files by it and by the other options."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from waferwatch.commands.options import data_options, monitor_options
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


def add_file_options(parser: argparse.ArgumentParser, formats: str) -> None:
    """The file, what its columns are, how it is written, and which rows are normal."""
    parser.add_argument("file", metavar="FILE", help=f"{formats}; also in gzip")
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    add_recipe_option(parser)
    monitor_options.add_data_dir(parser)
    known = parser.add_mutually_exclusive_group()
    data_options.add_reference_rows(known)
    known.add_argument("--reference", metavar="FILE", help="a file of known-normal rows")
    data_options.add_json(parser)


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


def read_tables(options: argparse.Namespace) -> tuple[Table, Table | None]:
    """The table to judge, and the reference table if there is one; errors as for ``read_file``."""
    table = read_file(options, options.file)
    if not options.reference:
        return table, None
    return table, read_file(argparse.Namespace(**vars(options) | {"label": None}), options.reference)
