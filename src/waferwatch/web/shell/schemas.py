"""What the requests and answers of every page share. They check what comes in, and /openapi.json is made from them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from waferwatch.scoring.option_rules import OPTION_RULES
from waferwatch.scoring.thresholds.threshold import AUTO

DEFAULT_POINTS, LEAST_POINTS, MOST_POINTS = 1000, 10, 5000

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[list[Name], Field(min_length=1, max_length=10_000)]
Place = Annotated[str, Field(max_length=100)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


def bounds(name: str, **more: Any) -> Any:
    """The numbers that an option of a question takes, as a schema has them."""
    rule = OPTION_RULES[name]
    return Field(gt=rule.above, ge=rule.at_least, le=rule.at_most, **more)


Share = Annotated[float, bounds("contamination", allow_inf_nan=False)]
Alarms = Annotated[float, bounds("false_alarms", allow_inf_nan=False)]
Rows = Annotated[int, bounds("reference_rows")]


def _threshold(value: object) -> float | str:
    """One complaint about what is neither, not one for each."""
    if value == AUTO:
        return AUTO
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PydanticCustomError("threshold", "neither a finite number nor auto")
    return float(value)


ThresholdValue = Annotated[
    float | Literal["auto"],
    PlainValidator(_threshold),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "const": AUTO}]}),
]

SENSORS_HELP = "Sensor columns to use; left out: all."
DATASET_HELP = "Id of an uploaded data set; left out: the built-in demo data."


class StrictRequest(BaseModel):
    """A JSON body: no unknown fields, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """The query of an address: no unknown fields; numbers come as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataRequest(StrictRequest):
    """A question about one data set."""

    dataset: Name | None = Field(None, description=DATASET_HELP)


class Figure(BaseModel):
    """A Plotly figure (https://plotly.com/javascript/reference/)."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class SensorShareAnswer(BaseModel):
    sensor: str
    share: float


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    status: str
    model: str
    device: str


class Problem(BaseModel):
    code: str
    message: str = Field(description="One sentence in the reader's language.")
    hint: str = Field(description="What to do about it, in the reader's language; may be empty.")
    field: str | None
    request_id: str
    findings: list[dict[str, Any]] | None = Field(None, description="Everything that stands in the way of a file.")
    upload: str | None = Field(None, description="Id of a refused file that is kept for a while: see `/uploads`.")


class ProblemAnswer(BaseModel):
    error: Problem
