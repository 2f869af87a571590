"""What the requests and answers of every page share. They check what comes in, and /openapi.json is made from them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from waferwatch.scoring.thresholds.promise import LEAST_ALARMS, MOST_ALARMS
from waferwatch.scoring.thresholds.threshold import AUTO

DEFAULT_DETECTOR = "moment"
DEFAULT_POINTS, LEAST_POINTS, MOST_POINTS = 1000, 10, 5000

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[list[Name], Field(min_length=1, max_length=10_000)]
Share = Annotated[float, Field(gt=0, le=0.5, allow_inf_nan=False)]
Place = Annotated[str, Field(max_length=100)]
Rows = Annotated[int, Field(ge=1, le=2**31)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Alarms = Annotated[float, Field(ge=LEAST_ALARMS, le=MOST_ALARMS, allow_inf_nan=False)]


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

SHARE_HELP = "Instead of the automatic threshold: expected share of anomalous rows, above 0, at most 0.5."
ALARMS_HELP = (
    "Instead of the automatic threshold: at most this many false events per equipment and week. Needs a time column "
    "with dates. Where the normal rows cannot carry the number, the automatic threshold is used and `promise.kept` is "
    "false."
)
THRESHOLD_HELP = (
    "`auto`: found from the scores of normal rows that were left out of learning; or a number as the scores are: 1 is "
    "as high as one normal row in ten reaches, 2 one in a hundred, 3 one in a thousand. Give one of `threshold`, "
    "`contamination` and `false_alarms` at most."
)
SENSORS_HELP = "Sensor columns to use; left out: all."
REFERENCE_HELP = "How many rows of each series, the first in time order, are known to be normal."
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


class ProblemAnswer(BaseModel):
    error: Problem
