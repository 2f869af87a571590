"""From the question in a request to the options of a run."""

from __future__ import annotations

from typing import Any

from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.jobs.options import Options
from waferwatch.models.registry import check_name
from waferwatch.scoring.question import question_of
from waferwatch.web.results.schemas import DetectRequest, QuestionRequest
from waferwatch.web.shell.work import dataset_of

SUGGESTED_SHARE = 0.05  # in the field of those who choose to expect a share


def options_of(body: QuestionRequest, **more: Any) -> Options:
    """What a body asks for.

    Raises:
        NotFoundError: for a detector that does not exist.
        InputError: for more than one way to a threshold.
    """
    if isinstance(body, DetectRequest):
        check_name(body.detector)
    return Options(
        dataset=dataset_of(body.dataset),
        features=None if body.features is None else tuple(dict.fromkeys(body.features)),
        reference_start=body.reference_start,
        reference_end=body.reference_end,
        filters=tuple((column, tuple(values)) for column, values in (body.filters or {}).items()),
        monitor=body.monitor if isinstance(body, DetectRequest) else None,
        limits=_limits(body),
        **question_of(body),
        **more,
    )


def _limits(body: QuestionRequest) -> tuple[TypedLimit, ...]:
    if not isinstance(body, DetectRequest):
        return ()
    return tuple(TypedLimit(**one.model_dump()) for one in body.limits or ())
