"""``waferwatch recipes``: what is said of the form of files, kept under names."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options
from waferwatch.commands.options.actions import add_action, print_json, say
from waferwatch.commands.options.recipe_options import stored_recipes

if TYPE_CHECKING:
    from waferwatch.read.recipe.recipe import ImportRecipe


def add_recipes_parser(commands: Any) -> None:
    """Add ``recipes list|show|save|import|export|delete`` to the command line."""
    parser = commands.add_parser("recipes", help="import recipes: how files of one form are read")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    add_action(actions, "list", "every import recipe", run_list)
    add_action(actions, "show", "one import recipe", run_show).add_argument("name", metavar="NAME")
    save = add_action(actions, "save", "keep the options by which FILE is read", run_save)
    save.add_argument("name", metavar="NAME")
    save.add_argument("file", metavar="FILE", help="a file of this form; others of it use the recipe by themselves")
    data_options.add_column_options(save)
    data_options.add_form_options(save)
    save.add_argument("--label", metavar="COL", help="column of known anomalies")
    _add_replace(save)
    take = add_action(actions, "import", "keep the recipe of a JSON file", run_import)
    take.add_argument("file", type=Path, metavar="FILE.json")
    _add_replace(take)
    give = add_action(actions, "export", "write a recipe to a JSON file", run_export)
    give.add_argument("name", metavar="NAME")
    give.add_argument("file", type=Path, metavar="FILE.json")
    add_action(actions, "delete", "delete a recipe", run_delete).add_argument("name", metavar="NAME")


def _add_replace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replace", action="store_true", help="replace a recipe of this name")


def run_list(options: argparse.Namespace) -> int:
    """Names, and what each says."""
    found = stored_recipes(options.data_dir).all()
    for recipe in found:
        say(_line(recipe))
    if not found:
        say("There is no import recipe. Keep one with: waferwatch recipes save NAME FILE")
    print_json({"recipes": [recipe.to_json() for recipe in found]}, options)
    return 0


def run_show(options: argparse.Namespace) -> int:
    """The document."""
    from waferwatch.read.recipe.recipe import recipe_text

    recipe = stored_recipes(options.data_dir).get(options.name)
    say(recipe_text(recipe).rstrip())
    print_json(recipe.to_json(), options)
    return 0


def run_save(options: argparse.Namespace) -> int:
    """Read the file by the options, and keep them with the file's form."""
    from waferwatch.read.recipe.making import recipe_for

    said = data_options.import_options(options)
    recipe, table = recipe_for(Path(options.file), options.name, said)
    for note in table.notes:
        say(f"Note: {note}")
    stored_recipes(options.data_dir).put(recipe, replace=options.replace)
    say(_line(recipe))
    say(f"Files of the form of {Path(options.file).name} use it by themselves; --recipe none reads them without.")
    print_json(recipe.to_json(), options)
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Keep the recipe of a file."""
    from waferwatch.read.recipe.recipe import read_recipe

    recipe = read_recipe(options.file)
    stored_recipes(options.data_dir).put(recipe, replace=options.replace)
    say(_line(recipe))
    print_json(recipe.to_json(), options)
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write the recipe to a file."""
    from waferwatch.read.recipe.recipe import recipe_text
    from waferwatch.store.disk.files import storage_errors

    recipe = stored_recipes(options.data_dir).get(options.name)
    with storage_errors():
        options.file.write_text(recipe_text(recipe), encoding="utf-8")
    say(f"{recipe.name} was written to {options.file}.")
    print_json(recipe.to_json(), options)
    return 0


def run_delete(options: argparse.Namespace) -> int:
    """Delete the recipe."""
    stored_recipes(options.data_dir).delete(options.name)
    say(f"{options.name} was deleted.")
    print_json({"deleted": options.name}, options)
    return 0


def _line(recipe: ImportRecipe) -> str:
    from waferwatch.read.recipe.option_fields import options_to_json

    said = ", ".join(f"{name}: {value}" for name, value in options_to_json(recipe.options).items())
    return f"{recipe.name} ({said or 'nothing but the form'})"
