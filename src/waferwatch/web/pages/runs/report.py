"""A detection as one HTML file that opens anywhere: no script, no request, pictures drawn on the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any, BinaryIO

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from waferwatch.events.event import Event
from waferwatch.export.svg.picture import picture
from waferwatch.grouping.counts import count_groups
from waferwatch.grouping.groups import group_columns
from waferwatch.jobs.finished import Finished, finished_of
from waferwatch.read.table import Role, Table
from waferwatch.series.time_text import time_text
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Verdict, event_verdicts
from waferwatch.web.figures.correlation import correlation_figure
from waferwatch.web.figures.distribution import distribution_figure
from waferwatch.web.figures.groups import groups_figure
from waferwatch.web.figures.lines import Lines
from waferwatch.web.figures.score import score_figure
from waferwatch.web.figures.style import Figure
from waferwatch.web.figures.time_series import Window, time_figure
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.html.texts import detector_titles, event_words
from waferwatch.web.results.answer import sensor_ranking
from waferwatch.web.results.finished import lines_of
from waferwatch.web.results.headline import headline
from waferwatch.web.results.problems_found import problem_titles, problems_sentence
from waferwatch.web.shell.context import Parts

_MOST_EVENTS = 300  # in the table, those with the highest peaks
_CLOSE_EVENTS, _CLOSE_SENSORS = 5, 2  # events with pictures of their own, and sensors in each
_MOST_GROUP_COLUMNS = 4
_MOST_SENSOR_NAMES = 60
_WHOLE_POINTS, _CLOSE_POINTS = 2000, 700
_AROUND = 3  # an event is shown with this many times its length before and after it
_FEWEST_AROUND = 60  # rows


@dataclass(frozen=True)
class ReportContent:
    """What a report is made of."""

    finished: Finished
    lines: Lines
    verdicts: dict[int, Verdict]  # event id -> what was said of it
    translate: Translator


def write_report(app: Parts, run: Run, translate: Translator, file: BinaryIO) -> None:
    """
    Raises:
        NotFoundError: when the data set or the result is gone.
    """
    one = finished_of(app.store, run)
    verdicts = event_verdicts(one.found.event_ids, app.store.verdicts.of(run.id))
    content = ReportContent(one, lines_of(app, one), verdicts, translate)
    file.write(report_html(content).encode(errors="replace"))


def report_html(of: ReportContent) -> str:
    """The whole file."""
    words = event_words(of.translate)
    one = of.finished
    run, found = one.run, one.found
    highest = sorted(found.events, key=lambda event: -event.peak_score)
    ranking = sensor_ranking(found)
    return (
        _environment()
        .get_template("runs/report.html")
        .render(
            _=of.translate,
            language=of.translate.language,
            words=words,
            show=Numbers(of.translate.language),
            place=place,
            version=metadata.version("waferwatch"),
            title=one.table.name if run.dataset_name else of.translate("Demo fab (virtual)"),
            run=run,
            options=one.options,
            headline=headline(one, of.translate),
            problems=problems_sentence(found, of.translate),
            titles=problem_titles(found, of.translate),
            chosen=one.chosen,
            found=found,
            detector=detector_titles(of.translate).get(found.detector, found.detector),
            judged=int(np.isfinite(found.scores).sum()),
            anomalies=int(found.flags.sum()),
            data=_data(one.table),
            notes=translated(found.notes, of.translate),
            ranking=ranking,
            events=highest[:_MOST_EVENTS],
            verdicts=of.verdicts,
            pictures=_pictures(of, ranking),
            close=list(_close(of, highest[:_CLOSE_EVENTS])),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("waferwatch.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _data(table: Table) -> dict[str, Any]:
    time = table.column(Role.TIME)
    seen = table.frame[time].dropna() if time else None
    sensors = table.columns(Role.SENSOR)
    return {
        "rows": len(table.frame),
        "columns": len(table.frame.columns),
        "sensors": sensors[:_MOST_SENSOR_NAMES],
        "sensors_total": len(sensors),
        "first": None if seen is None or not len(seen) else _stamp(seen.min()),
        "last": None if seen is None or not len(seen) else _stamp(seen.max()),
    }


def _stamp(value: Any) -> str:
    return place(time_text(value))


def _pictures(of: ReportContent, ranking: list[dict[str, Any]]) -> dict[str, Any]:
    """The pictures of the whole run. Those of ``groups`` carry the name of their column."""
    found, table, translate = of.finished.found, of.finished.table, of.translate
    top, sensors = ranking[0]["sensor"], [item["sensor"] for item in ranking]
    return {
        "sensor": top,
        "series": _draw(time_figure(table, of.lines, top, Window(_WHOLE_POINTS), translate, found), top, height=380),
        "distribution": _draw(distribution_figure(table, top, found, translate), top, width=470),
        "score": _draw(score_figure(found, translate), translate("Score"), width=470),
        "correlation": [
            (title, _draw(correlation_figure(table, sensors, found, translate, rows), title, width=620, height=520))
            for rows, title in (("normal", translate("Normal rows")), ("difference", translate("Difference")))
        ],
        "groups": [
            (column, _draw(groups_figure(count_groups(table, column, found), column, None, translate), column))
            for column in group_columns(table)[:_MOST_GROUP_COLUMNS]
        ],
    }


def _close(of: ReportContent, events: list[Event]) -> Iterator[tuple[Event, list[Any]]]:
    """Each event with its first sensors around it, on the line of its own equipment."""
    table, whole = of.finished.table, of.finished.found
    for event in events:
        line = next((one for one in of.lines.lines if (one.rows == event.peak_row).any()), None)
        if line is None:
            continue
        first, last = event.row_span
        at = np.flatnonzero((line.rows >= first) & (line.rows <= last))
        around = max(_FEWEST_AROUND, _AROUND * len(at))
        ends = (max(0, int(at[0]) - around), min(len(line.place) - 1, int(at[-1]) + around))
        window = Window(_CLOSE_POINTS, *(str(line.place[end]) for end in ends))
        mine = set(line.rows[ends[0] : ends[1] + 1].tolist())
        found = replace(whole, events=[one for one in whole.events if one.peak_row in mine])
        sensors = [item.sensor for item in event.sensors[:_CLOSE_SENSORS]]
        lines = replace(of.lines, lines=[line])
        yield (
            event,
            [
                (sensor, _draw(time_figure(table, lines, sensor, window, of.translate, found), sensor, 470, 260))
                for sensor in sensors
            ],
        )


def _draw(figure: Figure, title: str, width: int = 960, height: int = 300) -> Markup:
    """The picture escapes every text that it holds."""
    return Markup(picture(figure, title, width, height))
