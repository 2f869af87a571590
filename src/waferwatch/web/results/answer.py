"""What a finished detection answers: numbers, events, figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from waferwatch.grouping.counts import MOST_GROUPS, count_groups
from waferwatch.grouping.groups import group_columns
from waferwatch.jobs.finished import Finished, finished_of
from waferwatch.jobs.options import Options
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Verdict, event_verdicts
from waferwatch.web.figures.correlation import correlation_figure
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.score import score_figure
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.results.finished import lines_of
from waferwatch.web.results.headline import headline
from waferwatch.web.results.problems_found import problems_found
from waferwatch.web.shell.context import Parts

FIGURE_POINTS = 3000
_MOST_EVENTS = 1000


def detect_answer(app: Parts, run: Run, translate: Translator) -> dict[str, Any]:
    """The answer of /detect and /runs/{id}/result.

    Raises:
        NotFoundError: when the data set or the result is gone.
    """
    one = finished_of(app.store, run)
    found, options = one.found, one.options
    ranking = sensor_ranking(found)
    anomalies = int(found.flags.sum())
    return {
        "run": run.id,
        "dataset": options.dataset,
        "options": run.options,
        "monitor": options.monitor,
        "stale": is_stale(app, options),
        "headline": headline(one, translate),
        "problems": problems_found(app, run, found, translate),
        **{name: getattr(found, name) for name in ("detector", "model", "model_sha256", "device", "features")},
        "rows": len(found.flags),
        "chosen": one.chosen,
        "judged": int(np.isfinite(found.scores).sum()),
        "anomalies": anomalies,
        "anomaly_ratio": anomalies / one.chosen,
        "threshold": found.threshold,
        "threshold_by": found.threshold_by,
        "promise": None if found.promise is None else asdict(found.promise),
        "model_digest": found.model_digest,
        "seconds": found.seconds,
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "events": _events(found, app.store.verdicts.of(run.id)),
        "events_total": len(found.events),
        "series": len(found.runs),
        "ranking": ranking,
        "groups": _all_groups(one),
        "figures": _figures(app, one, [item["sensor"] for item in ranking], translate),
        "notes": translated(found.notes, translate),
    }


def _figures(app: Parts, one: Finished, sensors: list[str], translate: Translator) -> dict[str, Any]:
    """Of the first sensor and of all together."""
    table, found, window = one.table, one.found, Window(FIGURE_POINTS)
    return {
        "time_series": time_figure(table, lines_of(app, one), sensors[0], window, translate, found),
        "distribution": distribution_figure(table, sensors[0], found, translate),
        "correlation": correlation_figure(table, sensors, found, translate),
        "score": score_figure(found, translate),
    }


def is_stale(app: Parts, options: Options) -> bool:
    """Whether the columns of the data set have been given other roles since the run was asked for."""
    return options.version is not None and options.version != app.store.datasets.get(options.dataset).version


def sensor_ranking(found: Detection) -> list[dict[str, Any]]:
    """The sensors by the share of the flagged rows' scores that they carry; of all rows' when none is flagged."""
    chosen = found.contributions[found.flags] if found.flags.any() else found.contributions
    carried = np.atleast_1d(np.nansum(chosen, axis=0, dtype=np.float64))
    total = carried.sum() or 1.0
    order = np.argsort(-carried, kind="stable").tolist()
    return [{"sensor": found.features[at], "share": float(carried[at] / total)} for at in order]


def _events(found: Detection, verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """In order of start; of very many, those with the highest peaks."""
    said = event_verdicts(found.event_ids, verdicts)
    highest = sorted(found.events, key=lambda event: -event.peak_score)[:_MOST_EVENTS]
    return [
        event.to_dict()
        | {
            "verdict": said[event.id].verdict.value if event.id in said else None,
            "note": said[event.id].note if event.id in said else "",
        }
        for event in sorted(highest, key=lambda event: event.id)
    ]


def _all_groups(one: Finished) -> dict[str, Any]:
    """Of the rows that were to be scored."""
    scored = one.scored_rows()
    fields = ("value", "rows", "anomalies", "ratio")
    return {
        column: [
            {name: getattr(group, name) for name in fields}
            for group in count_groups(scored.table, column, scored.found)[:MOST_GROUPS]
        ]
        for column in group_columns(scored.table)
    }
