"""What GET /runs/{id}/events/{event} answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from waferwatch.events.context import places
from waferwatch.explain.course import ExpectedCourse
from waferwatch.explain.explanation import Explanation, explain
from waferwatch.explain.nearest import Nearest
from waferwatch.explain.scene import Scene
from waferwatch.explain.sensors import SensorPart
from waferwatch.explain.sisters import Sisters
from waferwatch.jobs.finished import Finished
from waferwatch.series.time_text import time_text
from waferwatch.store.verdicts import Verdict, event_verdicts
from waferwatch.web.figures.event.course import course_figure
from waferwatch.web.figures.event.nearest import nearest_figure
from waferwatch.web.figures.event.sisters import sisters_figure
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.event.scenes import scene_of
from waferwatch.web.pages.event.similar import similar_events
from waferwatch.web.shell.context import Parts

MOST_SENSORS = 200  # listed, those with the highest shares


def event_answer(
    app: Parts, one: Finished, number: int, translate: Translator, *, moment: bool = False
) -> dict[str, Any]:
    """
    Args:
        moment: tell what MOMENT expected too.

    Raises:
        NotFoundError: when the run has no such event.
    """
    run, scene = one.run, scene_of(app, one)
    found = explain(scene, number, moment=moment)
    verdict = event_verdicts(scene.found.event_ids, app.store.verdicts.of(run.id)).get(number)
    said = verdict_answer(verdict)
    event = found.spot.event.to_dict() | {"verdict": said["verdict"], "note": said["note"]}
    return {
        "run": run.id,
        "dataset": run.dataset,
        "dataset_name": run.dataset_name,
        **{name: getattr(scene.found, name) for name in ("detector", "model", "model_sha256")},
        "detected": run.created,
        "first_row": scene.table.first_row,
        "events": len(scene.found.events),
        "event": event,
        "said": said,
        "certainty": asdict(found.certainty),
        "promise": None if scene.found.promise is None else asdict(scene.found.promise),
        "sensors": [_sensor(part, found) for part in found.ranking[:MOST_SENSORS]],
        "course": _course(found.course, found.sensors, translate),
        "nearest": None if found.nearest is None else _nearest(scene, found.nearest),
        "sisters": _sisters(found.sisters),
        "similar": similar_events(app, one, found.spot.event),
        "figures": {
            "course": course_figure(scene, found, translate),
            "nearest": nearest_figure(scene, found, translate),
            "sisters": sisters_figure(scene, found, translate),
        },
    }


def verdict_answer(verdict: Verdict | None) -> dict[str, Any]:
    """What was said of an event; nulls when nothing was."""
    if verdict is None:
        return {"verdict": None, "note": "", "by": None, "at": None}
    return {"verdict": verdict.verdict.value, "note": verdict.note, "by": verdict.user, "at": verdict.at}


def _sensor(part: SensorPart, found: Explanation) -> dict[str, Any]:
    drawn = found.sensors.index(part.sensor) if part.sensor in found.sensors else None
    far = None if drawn is None else found.farthest[drawn]
    return asdict(part) | {"farthest": None if far is None else asdict(far)}


def _course(course: ExpectedCourse, sensors: list[str], translate: Translator) -> dict[str, Any]:
    expected = course.expected
    obstacle = None if expected is None else expected.obstacle
    return {
        "sensors": sensors,
        "by_step": course.by_step,
        "known": course.known,
        "moment": expected is not None and expected.values is not None,
        "averaged": 1 if expected is None else expected.averaged,
        "obstacle": None if obstacle is None else f"{obstacle.message(translate)} {obstacle.hint(translate)}".strip(),
    }


def _nearest(scene: Scene, nearest: Nearest) -> dict[str, Any]:
    row = int(nearest.rows[nearest.before])
    stretch = scene.layout.stretches[int(scene.layout.owner[row])]
    return {
        "likeness": nearest.likeness.value,
        "distance": nearest.distance,
        "start_row": row,
        "start": None if stretch.time is None else time_text(stretch.time[scene.layout.position[row]]),
        "lot": places(scene.table, nearest.rows[nearest.before : nearest.before + 1])[0].lot,
    }


def _sisters(sisters: Sisters) -> dict[str, Any]:
    names = ("equipment", "flagged", "peak_score", "events", "recipe", "step")
    return {
        "moment": None if sisters.moment is None else sisters.moment.value,
        "total": sisters.total,
        "judged": len(sisters.sisters),
        "flagged": sisters.flagged,
        "chamber_specific": sisters.chamber_specific,
        "equipment": [{name: getattr(one, name) for name in names} for one in sisters.sisters],
    }
