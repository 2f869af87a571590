"""Requests and answers of the Data page."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DatasetAnswer(BaseModel):
    id: str
    name: str
    rows: int
    columns: int
    bytes: int
    created: str
    roles: dict[str, str] = Field(description="Column to role, in file order.")
    builtin: bool
    version: int = Field(description="Grows with each change of roles.")


class UploadAnswer(DatasetAnswer):
    notes: list[str]


class DatasetList(BaseModel):
    datasets: list[DatasetAnswer]
