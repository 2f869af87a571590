"""The tasks of a plan, each a pure function of the plan and of what earlier stages wrote, safe to do twice.

A task first looks for its marker, which names what it rests on; where it fits, nothing is done. It writes its results,
and the marker last. Nothing here knows what runs it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.models.contract import Detector
from waferwatch.scale import results
from waferwatch.scale.fleet.events import Joined, join_equipment
from waferwatch.scale.plans.plan import ScalePlan, folder_of
from waferwatch.scale.storage import Storage, patiently
from waferwatch.scale.task import (
    ADOPT,
    CLOCK,
    DONE,
    FAILED,
    JOIN,
    LEARN,
    SCORE,
    SHARED,
    SKIPPED,
    ScaleTask,
    TaskOutcome,
)
from waferwatch.scale.task import MARKERS as TASK_MARKERS
from waferwatch.scale.units.adopting import adopt
from waferwatch.scale.units.clock import NO_STARTS, SeriesStarts, series_starts
from waferwatch.scale.units.learning import learn_equipment
from waferwatch.scale.units.scoring import score_unit
from waferwatch.scoring.model import Model

FORMAT = 1

_log = logging.getLogger("waferwatch.scale")


def run_task(task: ScaleTask) -> TaskOutcome:
    """Do a task, unless it is done already. What stands in its way is in the outcome; nothing is raised."""
    started = time.perf_counter()
    try:
        state, summary = patiently(lambda: _done_once(task))
    except WaferwatchError as error:
        return _failed(task, str(error), False)
    except MemoryError:
        return _failed(task, "The memory of the worker was not enough. Ask for fewer workers, or split by hour.", False)
    except Exception as error:
        _log.exception("%s %s failed", task.stage, task.key)
        return _failed(task, f"A fault of waferwatch: {type(error).__name__}: {error}", True)
    return TaskOutcome(task.key, task.stage, state, summary=summary, seconds=time.perf_counter() - started)


def put_failure(out: str, outcome: TaskOutcome) -> None:
    """Keep why a task failed, for status and report."""
    document = {"stage": outcome.stage, "sentence": outcome.sentence, "ours": outcome.ours}
    results.put_json(Storage(out), f"{results.FAILED}/{outcome.key}", document)


def _failed(task: ScaleTask, sentence: str, ours: bool) -> TaskOutcome:
    outcome = TaskOutcome(task.key, task.stage, FAILED, sentence, ours)
    try:
        patiently(lambda: _forget(task))
        patiently(lambda: put_failure(task.out, outcome))
    except WaferwatchError:
        _log.exception("why %s failed could not be written", task.key)
    return outcome


def _forget(task: ScaleTask) -> None:
    """Remove what an earlier run has left of a task that fails now: nobody may take it for a result."""
    out = Storage(task.out)
    out.child(f"{results.MARKERS}/{task.key}.json").remove()
    if task.stage == SCORE:
        for table in results.UNIT_TABLES:
            out.child(results.file_of(table, task.key)).remove()


def _done_once(task: ScaleTask) -> tuple[str, dict[str, Any]]:
    plan = _plan(task.out, task.settings)
    out, marker = plan.results, f"{results.MARKERS}/{task.key}"
    wanted = _fingerprint(task, plan)
    known = results.get_json(out, marker)
    if known is not None and known.get("hash") == wanted:
        return SKIPPED, known["summary"]
    summary = _WORK[task.stage](task, plan)
    out.child(f"{results.FAILED}/{task.key}.json").remove()  # before the marker: behind it nothing is done again
    results.put_json(out, marker, {"hash": wanted, "stage": task.stage, "summary": summary})
    return DONE, summary


def _fingerprint(task: ScaleTask, plan: ScalePlan) -> str:
    """SHA-256 over all that the results of a task rest on."""
    said: dict[str, Any] = {"format": FORMAT, "stage": task.stage, "settings": task.settings}
    said["equipment"] = task.equipment
    if task.stage in (CLOCK, SCORE):
        said |= {"units": [asdict(one) for one in task.units], "model": _model_of(plan, task.equipment)["digest"]}
        said["clock"] = _marker(plan, task.equipment, CLOCK) if task.stage == SCORE else None
    elif task.stage == JOIN:
        said["units"] = [results.get_json(plan.results, f"{results.MARKERS}/{one.key}") for one in task.units]
    else:
        said |= {"units": [asdict(one) for one in task.units], "sisters": _digests(plan, task.sisters)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _learn(task: ScaleTask, plan: ScalePlan) -> dict[str, Any]:
    return _keep(task, plan, learn_equipment(plan, task.equipment, task.units), "own")


def _adopt(task: ScaleTask, plan: ScalePlan) -> dict[str, Any]:
    """An equipment without a reference; where a given model knows it, that model as it is."""
    if task.sisters == (SHARED,):
        shared = _model(plan.out, SHARED, plan.model or "")
        if not shared.fitted.lacks(task.equipment):
            return {"model": SHARED, "digest": shared.digest, "kind": "given", "sister": None}
    models = {name: _model(plan.out, name, digest) for name, digest in _digests(plan, task.sisters).items()}
    found = adopt(plan, task.equipment, task.units, models)
    kind = "first wafers" if found.sister is None else "adopted"
    return _keep(task, plan, found.model, kind) | {"sister": found.sister}


def _keep(task: ScaleTask, plan: ScalePlan, model: Model, kind: str) -> dict[str, Any]:
    name = folder_of(task.equipment)
    results.put_model(plan.results, name, model)
    sensors = hashlib.sha256("\x1f".join(sorted(model.features)).encode()).hexdigest()[:12]
    return {"model": name, "digest": model.digest, "kind": kind, "sister": None, "sensors": sensors}


def _clock(task: ScaleTask, plan: ScalePlan) -> dict[str, Any]:
    found = series_starts(plan, task.equipment, task.units, kept_model(plan, task.equipment))
    results.put_json(plan.results, f"{results.PARTS}/{task.key}", asdict(found))
    return {"series": len(found.rows)}


def _score(task: ScaleTask, plan: ScalePlan) -> dict[str, Any]:
    starts = kept_starts(plan, task.equipment)
    found = score_unit(plan, task.units[0], kept_model(plan, task.equipment), starts)
    for name in results.UNIT_TABLES:
        results.put_table(plan.results, name, task.key, getattr(found, name))
    results.put_json(plan.results, f"{results.PARTS}/{task.key}", found.part)
    return found.summary


def _join(task: ScaleTask, plan: ScalePlan) -> dict[str, Any]:
    parts = [results.get_json(plan.results, f"{results.PARTS}/{one.key}") for one in task.units]
    done = [results.get_json(plan.results, f"{results.MARKERS}/{one.key}") for one in task.units]
    known = [part if marker is not None else None for part, marker in zip(parts, done, strict=True)]
    joined: Joined = join_equipment(known)
    folder = folder_of(task.equipment)
    results.put_table(plan.results, "events", f"{folder}/events", joined.events)
    results.put_table(plan.results, "problems", f"{folder}/problems", joined.problems)
    total = {name: sum(one["summary"][name] for one in done if one) for name in _COUNTS}
    missing = sum(one is None for one in done)
    return {**total, "units": len(done) - missing, "missing": missing, **joined.counts}


_COUNTS = ("rows", "judged", "flagged", "wafers", "abnormal")
_WORK: Mapping[str, Callable[[ScaleTask, ScalePlan], dict[str, Any]]] = {
    LEARN: _learn,
    ADOPT: _adopt,
    CLOCK: _clock,
    SCORE: _score,
    JOIN: _join,
}


def _marker(plan: ScalePlan, equipment: tuple[str, ...], stage: str) -> dict[str, Any] | None:
    """What a stage said of an equipment; None where it was not done."""
    found: dict[str, Any] | None = results.get_json(
        plan.results, f"{results.MARKERS}/{folder_of(equipment)}/{TASK_MARKERS[stage]}"
    )
    return found


def _model_of(plan: ScalePlan, equipment: tuple[str, ...]) -> dict[str, Any]:
    """What is known of the model of an equipment."""
    found = _marker(plan, equipment, LEARN)
    if found is None:
        raise InputError(
            "{equipment} has no model.",
            hint="See what is said of its model in: waferwatch scale status",
            equipment=" / ".join(equipment),
        )
    return dict(found["summary"])


def kept_model(plan: ScalePlan, equipment: tuple[str, ...]) -> Model:
    """The model that an equipment is scored by.

    Raises:
        InputError: it has none.
    """
    about = _model_of(plan, equipment)
    return _model(plan.out, about["model"], about["digest"])


def kept_starts(plan: ScalePlan, equipment: tuple[str, ...]) -> SeriesStarts:
    """Where the series of an equipment begin, as an earlier stage has found."""
    clock = results.get_json(plan.results, f"{results.PARTS}/{folder_of(equipment)}/clock")
    return NO_STARTS if clock is None else SeriesStarts(**clock)


def _digests(plan: ScalePlan, names: Sequence[str]) -> dict[str, str]:
    """Key of a model -> its digest."""
    if names == (SHARED,):
        return {SHARED: plan.model or ""}
    markers = {name: results.get_json(plan.results, f"{results.MARKERS}/{name}/model") for name in names}
    return {name: marker["summary"]["digest"] for name, marker in markers.items() if marker is not None}


@lru_cache(maxsize=2)
def _plan(out: str, settings: str) -> ScalePlan:
    return ScalePlan.load(out)


@lru_cache(maxsize=4)
def _model(out: str, name: str, digest: str) -> Model:
    """A model, by its digest; its network is shared with others of the same checkpoint."""
    model = results.get_model(Storage(out), name)
    model.__dict__["detector"] = _detector(model)
    return model


_DETECTORS: dict[tuple[str, str | None, str | None], Detector] = {}


def _detector(model: Model) -> Detector:
    key = (model.name, model.info.sha256, model.device)
    if key not in _DETECTORS:
        _DETECTORS[key] = model.detector
    return _DETECTORS[key]
