"""Requests and answers of marks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from waferwatch.store.marks import MarkKind
from waferwatch.web.shell.schemas import Name, Place, StrictRequest

Words = Annotated[str, Field(max_length=2000)]


class MarkRequest(StrictRequest):
    kind: Annotated[MarkKind, Field(strict=False)] = Field(
        description=(
            "`pm`: a maintenance; `change`: of a recipe or a set-point, and meant; "
            "`normal`: wafers known to be normal; `left_out`: not to be learnt from."
        )
    )
    start: Annotated[Place, Field(min_length=1)] = Field(description="As the clock of the data shows it.")
    end: Place | None = Field(None, description="Left out: a moment.")
    equipment: Name | None = Field(None, description="Left out: all of it.")
    wafers: Annotated[list[Name], Field(max_length=10_000)] | None = Field(
        None, description='Names of the wafers that it was drawn over: "LOT/WAFER".'
    )
    note: Words = ""


class MarkAnswer(BaseModel):
    id: str
    dataset: str
    equipment: str | None
    kind: str
    start: str
    end: str
    wafers: list[str]
    note: str
    user: str
    created: str


class MarkList(BaseModel):
    marks: list[MarkAnswer] = Field(description="In order of their starts.")
