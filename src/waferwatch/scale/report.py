"""How far a plan is, and what was found over the whole fleet."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from waferwatch.scale import results
from waferwatch.scale.fleet.problems import over_fleet
from waferwatch.scale.plans.plan import ScalePlan, folder_of
from waferwatch.scale.storage import patiently

_NAMED = 20  # failures and problems that are shown
EQUIPMENT_COLUMNS = (
    "equipment", "model", "sister", "units", "missing", "rows", "judged", "flagged", "wafers", "abnormal", "events",
    "problems",
)  # fmt: skip


@dataclass
class PlanStatus:
    """How far a plan is."""

    units: int = 0
    done: int = 0
    models: int = 0
    joined: int = 0  # equipment whose events are joined
    unreadable: int = 0  # files that the plan could not read
    failed: Counter[str] = field(default_factory=Counter)  # stage -> tasks
    sentences: Counter[str] = field(default_factory=Counter)  # why -> tasks
    failures: list[dict[str, str]] = field(default_factory=list)  # the first of them

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            **vars(self),
            "failed": dict(self.failed),
            "sentences": dict(self.sentences.most_common(_NAMED)),
            "waiting": self.units - self.done - self.failed["score"],
        }


def status_of(plan: ScalePlan) -> PlanStatus:
    """Count markers, equipment by equipment."""
    found = PlanStatus(unreadable=plan.count.get("unreadable", 0))
    for unit in plan.units():
        if unit.error is not None:
            _add_failure(found, unit.files[0], "plan", unit.error)
    for equipment, units in plan.by_equipment():
        folder = folder_of(equipment)
        markers = set(plan.results.child(f"{results.MARKERS}/{folder}").names())
        wanted = {f"{one.key.rsplit('/', 1)[1]}.json" for one in units}
        found.units += len(units)
        found.done += len(wanted & markers)
        found.models += "model.json" in markers
        found.joined += "events.json" in markers
        for name in plan.results.child(f"{results.FAILED}/{folder}").names():
            key = f"{folder}/{name.removesuffix('.json')}"
            about = results.get_json(plan.results, f"{results.FAILED}/{key}")
            if about is not None:
                _add_failure(found, key, about["stage"], about["sentence"])
    return found


def _add_failure(found: PlanStatus, key: str, stage: str, sentence: str) -> None:
    found.failed[stage] += 1
    found.sentences[sentence] += 1
    if len(found.failures) < _NAMED:
        found.failures.append({"key": key, "stage": stage, "sentence": sentence})


def put_fleet(plan: ScalePlan) -> None:
    """Write what is known of each equipment, and the problems of all with the sisters that show them too."""
    known = pd.DataFrame(list(_equipment(plan)), columns=list(EQUIPMENT_COLUMNS))
    problems = over_fleet(results.read_table_of(plan.results, "problems"))
    for name, frame in (("equipment", known), ("problems", problems)):
        plan.results.child(f"fleet/{name}.parquet").write(results.parquet_bytes(frame))


def _equipment(plan: ScalePlan) -> Iterator[dict[str, Any]]:
    for equipment, units in plan.by_equipment():
        folder = folder_of(equipment)
        model = results.get_json(plan.results, f"{results.MARKERS}/{folder}/model")
        joined = results.get_json(plan.results, f"{results.MARKERS}/{folder}/events")
        about = {} if model is None else {"model": model["summary"]["kind"], "sister": model["summary"]["sister"]}
        counts = {"units": 0, "missing": len(units)} if joined is None else joined["summary"]
        yield {"equipment": " / ".join(equipment), **about, **counts}


def report_of(plan: ScalePlan) -> dict[str, Any]:
    """What was found over the whole fleet, as plain JSON types; worst problems first."""
    patiently(lambda: put_fleet(plan))
    equipment, problems = (_fleet(plan, name) for name in ("equipment", "problems"))
    counted = [name for name in EQUIPMENT_COLUMNS if name not in ("equipment", "model", "sister")]
    worst = problems.head(_NAMED)
    shown = [name for name in ("equipment", "severity", "title", "first_seen", "last_seen", "also_on") if name in worst]
    return {
        "out": plan.out,
        "plan": plan.count,
        "status": status_of(plan).to_dict(),
        "totals": {name: int(equipment[name].sum()) for name in counted},
        "models": equipment["model"].fillna("none").value_counts().to_dict(),
        "problems": worst[shown].to_dict("records"),
        "most_flagged": _most_flagged(equipment),
    }


def _fleet(plan: ScalePlan, name: str) -> pd.DataFrame:
    content = patiently(plan.results.child(f"fleet/{name}.parquet").read)
    return pd.read_parquet(io.BytesIO(content))


def _most_flagged(equipment: pd.DataFrame) -> list[dict[str, Any]]:
    share = equipment["flagged"] / equipment["rows"]
    ranked = equipment.assign(share=share).sort_values("share", ascending=False, kind="stable").head(10)
    above = ranked[ranked["share"] > 0]
    return [{"equipment": name, "share": share} for name, share in zip(above["equipment"], above["share"], strict=True)]
