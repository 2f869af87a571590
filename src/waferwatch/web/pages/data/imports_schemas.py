"""Requests and answers about how files are read: options, previews, refused files and import recipes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from waferwatch.read.recipe.option_fields import options_from_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.web.shell.schemas import Name, Names, Query, StrictRequest

Line = Annotated[int, Field(ge=0, le=2**31)]
Cell = str | bool | int | float | None


class LeftOutRows(StrictRequest):
    column: Name
    value: Name


class OptionsRequest(StrictRequest):
    """What is known of how a file is read; what is left out is found."""

    encoding: Name | None = Field(None, description="Such as `cp949` or `cp1252`.")
    delimiter: Name | None = Field(None, description="`comma`, `semicolon`, `tab`, `bar` or `blanks`.")
    header_line: Line | None = Field(None, description="Line of the file with the names, from 1; 0: there is none.")
    units_line: Line | None = Field(None, description="Line of the file with the units; 0: there is none.")
    shape: Name | None = Field(None, description="`wide`, `long`, `clock-per-sensor`, `run-per-row` or `transposed`.")
    sheet: Name | None = Field(None, description="Sheet of a workbook, or file of an archive.")
    features: Names | None = Field(None, description="Exactly these columns are the sensors.")
    time: Names | None = Field(None, description="The clock, and further columns that hold a part of it.")
    group: Names | None = Field(None, description="Columns that split the rows into series.")
    label: Name | None = Field(None, description="Column of known anomalies.")
    roles: dict[Name, Name] | None = Field(None, description="Column to role, for columns that were not recognised.")
    no_value: Names | None = Field(None, description="Words and numbers that stand for no value.")
    bad_cells: float | None = Field(None, ge=0, le=1, description="Share of a column's cells that may be no numbers.")
    date_order: Name | None = Field(None, description="`day-first`, `month-first` or `year-first`.")
    time_zone: Name | None = Field(None, description="Of the times, such as `Asia/Seoul` or `UTC+09:00`.")
    keep_values: bool | None = Field(None, description="Take numbers such as -9999 for measurements.")
    leave_out_rows: Annotated[list[LeftOutRows], Field(max_length=1000)] | None = Field(
        None, description="Rows that are not judged."
    )

    def said(self) -> ImportOptions:
        """The options, checked.

        Raises:
            InputError, NotFoundError: one has a value that it cannot have.
        """
        return options_from_json(self.model_dump(exclude_none=True))


def _nothing_said() -> OptionsRequest:
    return OptionsRequest.model_validate({})


RECIPE_HELP = "Import recipe for what the options do not say; `none`: no recipe"


class ReadRequest(StrictRequest):
    """How a file is to be read."""

    options: OptionsRequest = Field(default_factory=_nothing_said)
    recipe: Name | None = Field(None, description=f"{RECIPE_HELP}; left out: the one whose form the file has.")


class PreviewRequest(StrictRequest):
    options: OptionsRequest = Field(default_factory=_nothing_said)
    recipe: Name | None = Field(None, description=f"{RECIPE_HELP}; left out: none.")
    whole: bool = Field(False, description="Read all of the file; else its head, which is quick whatever its size.")


class RecipeSave(StrictRequest):
    name: Name
    options: OptionsRequest = Field(default_factory=_nothing_said)
    replace: bool = Field(False, description="Replace an earlier recipe of this name.")


class FileFindingAnswer(BaseModel):
    level: Literal["obstacle", "repaired", "info"]
    code: str
    sentence: str
    remedy: str
    option: str = Field(description="As it is typed on the command line.")
    field: str | None = Field(description="Of the options of a request.")
    place: dict[str, Any] = Field(description="`line` and `column`, each null where there is none.")
    lines: list[int] = Field(description="The first lines of the file that are concerned.")
    column: str | None
    count: int


class LineAnswer(BaseModel):
    number: int
    text: str
    kind: Literal["names", "units", "left_out", "data", "unknown"]


class PreviewColumn(BaseModel):
    name: str
    unit: str
    role: str


class ClockAnswer(BaseModel):
    columns: list[str]
    start: str | float | None
    end: str | float | None
    dated: bool
    zone: str | None
    goes_back: int = Field(description="Rows that come before the row above them.")


class PreviewAnswer(BaseModel):
    format: str
    whole: bool = Field(description="All of the file was read; else its head.")
    usable: bool = Field(description="Nothing stands in the way.")
    rows: int = Field(description="That were read.")
    encoding: str | None
    delimiter: str | None
    header_line: int | None = Field(description="0: there is none.")
    units_line: int | None
    first_row: int
    lines: list[LineAnswer]
    lines_total: int
    columns: list[PreviewColumn]
    columns_total: int
    cells: list[list[Cell]]
    date_order: str | None = Field(description="In which dates were read, where they can be read in several.")
    clock: ClockAnswer | None
    findings: list[FileFindingAnswer]


class UploadedFile(BaseModel):
    id: str
    name: str
    refused: bool = Field(description="It could not be read; else it is a data set.")
    until: str | None = Field(description="When a refused file is removed.")
    options: dict[str, Any] = Field(description="What was said of it.")
    recipe: str | None


class UploadedFiles(BaseModel):
    uploads: list[UploadedFile]


class RecipeDocument(StrictRequest):
    """An import recipe, as it is exported."""

    waferwatch_recipe: int = Field(description="Version of the format: 1.")
    name: Name
    options: OptionsRequest = Field(default_factory=_nothing_said)
    fingerprint: dict[str, Any] | None = Field(None, description="The form by which files find the recipe.")


class RecipeAnswer(BaseModel):
    waferwatch_recipe: int
    name: str
    options: dict[str, Any]
    fingerprint: dict[str, Any] | None


class RecipeList(BaseModel):
    recipes: list[RecipeAnswer]


class RecipeQuery(Query):
    replace: bool = Field(False, description="Replace an earlier recipe of this name.")
