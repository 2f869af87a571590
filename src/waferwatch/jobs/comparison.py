"""The jobs that compare detectors: on the data, and with faults injected into them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from waferwatch.errors import InputError
from waferwatch.evaluate.verdict import MOMENT
from waferwatch.jobs.detection import table_of
from waferwatch.jobs.options import Options, chosen_rows, reference_period
from waferwatch.models.contract import Progress
from waferwatch.scoring.comparison.compare import ONE_LINERS, ComparedRows, Comparison, compare_detectors, inject_only
from waferwatch.scoring.question import Question, question_of
from waferwatch.settings import Settings
from waferwatch.store.runs import Run
from waferwatch.store.store import Store


def run_comparison(store: Store, settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """Compare, keep all that was found, and return a summary. The one-liners are always compared too.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: as ``compare_detectors``, and for options that cannot be used.
    """
    options = Options.from_dict(run.options)
    asked = _compared(store, settings, options)
    found = compare_detectors(asked, with_one_liners(options.detectors), faults=options.faults, progress=progress)
    return _keep(store, run, found)


def run_injection(store: Store, settings: Settings, run: Run, progress: Progress) -> dict[str, Any]:
    """The injected-fault test alone; otherwise as ``run_comparison``."""
    options = Options.from_dict(run.options)
    asked = _compared(store, settings, options)
    return _keep(store, run, inject_only(asked, with_one_liners(options.detectors), progress=progress))


def kept_comparison(store: Store, run_id: str) -> Comparison:
    """What a comparison or injection has found.

    Raises:
        NotFoundError: when nothing is kept of it.
    """
    return _adapter().validate_python(upgraded(store.results.document(run_id)))


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """A kept comparison as it is kept now. One of before 0.6 has no intervals, so its verdict is not tested."""
    verdict = document["verdict"]
    if "moment" not in verdict:
        return document
    names = ("measure", "other", "other_value", "difference")
    kept = {name: verdict[name] for name in names} | {"detector": MOMENT, "value": verdict["moment"]}
    answer = "unknown" if verdict["answer"] == "unknown" else "not_tested"
    return document | {"verdict": kept | {"answer": answer}}


def with_one_liners(detectors: Sequence[str] | None) -> list[str] | None:
    """The detectors asked for and the one-liners, which every model is compared with."""
    return None if detectors is None else list(dict.fromkeys([*detectors, *ONE_LINERS]))


@cache
def _adapter() -> TypeAdapter[Comparison]:
    return TypeAdapter(Comparison)


def _compared(store: Store, settings: Settings, options: Options) -> ComparedRows:
    if options.limits:
        raise InputError(
            "Typed limits are of a detection: detectors are compared by rows, which they say nothing of.",
            hint="Leave the limits out.",
            field="limits",
        )
    table = table_of(store, options)
    return ComparedRows(
        table,
        Question(**question_of(options)),
        chosen_rows(table, options),
        reference=reference_period(table, options),
        device=settings.device,
    )


def _keep(store: Store, run: Run, found: Comparison) -> dict[str, Any]:
    store.results.put_document(run.id, _adapter().dump_python(found, mode="json"))
    tested = [] if found.faults is None else [score.detector for score in found.faults.scores]
    verdict = found.verdict
    return {
        "detectors": [row.detector for row in found.rows] or tested,
        "seconds": sum(row.seconds for row in found.rows),
        "faults": 0 if found.faults is None else len(found.faults.faults),
        "verdict": verdict.answer,
        "measure": verdict.measure,
        "moment": verdict.value,
        "other": verdict.other,
        "other_value": verdict.other_value,
    }
