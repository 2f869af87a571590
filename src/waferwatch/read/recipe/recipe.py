"""Import recipes as JSON documents."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.recipe.fingerprint import FormPrint, print_from_json
from waferwatch.read.recipe.option_fields import (
    HINT_TEXTS,
    check_known,
    options_from_json,
    options_to_json,
    wrong_field,
)
from waferwatch.read.recipe.options import ImportOptions

NO_RECIPE = "none"  # given instead of a name, to use no recipe at all
FORMAT = 1
LONGEST_NAME = 80
_NAME = re.compile(r"[^\W_][\w.-]*")
_KEYS = ("waferwatch_recipe", "name", "options", "fingerprint")
_MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class ImportRecipe:
    """What is said of the form of a file, under a name.

    Raises:
        InputError: for a name that cannot be.
    """

    name: str
    options: ImportOptions
    fingerprint: FormPrint | None = None  # files of this form use it by themselves; None: only those that name it

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", unicodedata.normalize("NFC", self.name))  # macOS writes Hangul in pieces
        if len(self.name) > LONGEST_NAME or not _NAME.fullmatch(self.name) or self.name == NO_RECIPE:
            raise InputError(
                "An import recipe cannot be called {name}.",
                hint="Use letters, digits, and - _ . between them, at most {longest}, such as etch-fdc.",
                field="name",
                name=self.name[:100] or "-",
                longest=LONGEST_NAME,
            )

    def to_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "waferwatch_recipe": FORMAT,
            "name": self.name,
            "options": options_to_json(self.options),
            "fingerprint": None if self.fingerprint is None else self.fingerprint.to_json(),
        }


def recipe_from_json(document: Any) -> ImportRecipe:
    """The recipe of a document.

    Raises:
        InputError, NotFoundError: a field is missing or unknown, or has a value that cannot be; or the document is of
            a later version of waferwatch.
    """
    if not isinstance(document, dict) or "waferwatch_recipe" not in document:
        raise InputError(
            "This is not an import recipe of waferwatch.",
            hint="Export one with: waferwatch recipes export NAME FILE.json",
            field="recipe",
        )
    version = document["waferwatch_recipe"]
    if version != FORMAT or isinstance(version, bool):
        raise InputError(
            "This import recipe is written in format {version}; this waferwatch reads format {known}.",
            hint="Export it anew with the version of waferwatch that is to read it.",
            field="waferwatch_recipe",
            version=str(version)[:20],
            known=FORMAT,
        )
    check_known(document, _KEYS)
    if not isinstance(document.get("name"), str):
        raise wrong_field("name", document.get("name"), HINT_TEXTS["text"])
    fingerprint = document.get("fingerprint")
    return ImportRecipe(
        document["name"],
        options_from_json(document.get("options", {})),
        None if fingerprint is None else print_from_json(fingerprint),
    )


def read_recipe(path: Path) -> ImportRecipe:
    """The recipe in a file.

    Raises:
        NotFoundError: there is no such file.
        InputError: it holds no import recipe, or one with a fault; the message names the field.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except OSError as error:
        raise NotFoundError(
            "There is no import recipe in {path}.", hint="Check the path.", field="recipe", path=path
        ) from error
    try:
        return recipe_from_text(content)
    except WaferwatchError as error:
        raise InputError(
            "The import recipe in {path} cannot be used. {reason}",
            field="recipe",
            path=path,
            reason=str(error),
        ) from error


def recipe_from_text(content: bytes | str) -> ImportRecipe:
    """The recipe that a JSON text holds; errors as ``recipe_from_json``."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "The import recipe is not valid JSON.", hint="Check quotes, commas and braces.", field="recipe"
        ) from error
    return recipe_from_json(document)


def recipe_text(recipe: ImportRecipe) -> str:
    """The document as text, for people to read."""
    return json.dumps(recipe.to_json(), ensure_ascii=False, indent=2) + "\n"
