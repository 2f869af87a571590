"""Requests and answers of the pages of problems."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ProblemsQuery(BaseModel):
    """Of the page. It shows what is wrong with them instead of refusing them, and passes over other parameters."""

    run: str = Field("", description="Id of a check; left out: the newest one of the data set, or of all.")
    dataset: str = Field("", description="Id of a data set.")
    chamber: str = Field("", description="Only of this chamber.")
    recipe: str = Field("", description="Only of this recipe.")
    sensor: str = Field("", description="Only those that this sensor leads.")
    start: str = Field("", description="Only those seen at or after this time.")
    end: str = Field("", description="Only those seen at or before this time.")
    sort: str = Field("worst", description="worst, time, chamber or sensor.")
