"""The sentences above a result: what was found where, the worst of it, and which rows were judged."""

from __future__ import annotations

from typing import Any

from babel.numbers import format_decimal

from waferwatch.events.event import Event
from waferwatch.explain.threshold import threshold_notes
from waferwatch.jobs.finished import Finished
from waferwatch.jobs.options import Options
from waferwatch.read.table import Role, Table
from waferwatch.scoring.result import Detection
from waferwatch.web.html.language import Translator, translated

_MOST_EQUIPMENT = 4  # that are named
_MOST_VALUES = 4  # of a filter


def headline(one: Finished, translate: Translator) -> dict[str, Any]:
    """What a detection found, in sentences.

    Returns:
        ``found``: how many events on which equipment. ``worst``: the event with the highest peak, empty without any,
        and ``event``: its number. ``promise``: what set the threshold and what it promises. ``part``: the filters and
        how many rows they leave, empty without filters.
    """
    found, table = one.found, one.table
    worst = max(found.events, key=lambda event: event.peak_score, default=None)
    return {
        "found": _found(found, one.chosen, translate),
        "worst": "" if worst is None else _worst(worst, table, translate),
        "event": None if worst is None else worst.id,
        "promise": " ".join(translated(threshold_notes(found.threshold, found.threshold_by, found.promise), translate)),
        "part": _part(one.options, one.chosen, len(table.frame), translate),
    }


def _found(found: Detection, chosen: int, translate: Translator) -> str:
    count = len(found.events)
    if not count:
        return translate("No event: none of {rows} rows scores above the threshold.").format(
            rows=_whole(chosen, translate)
        )
    sentence = translate("{count} event" if count == 1 else "{count} events").format(count=_whole(count, translate))
    equipment = sorted({event.equipment for event in found.events if event.equipment})
    if not equipment:
        return f"{sentence}."
    named = ", ".join(equipment[:_MOST_EQUIPMENT])
    if len(equipment) > _MOST_EQUIPMENT:
        named = translate("{count} equipment: {names} ...").format(count=_whole(len(equipment), translate), names=named)
    return translate("{events} on {equipment}.").format(events=sentence, equipment=named)


def _worst(event: Event, table: Table, translate: Translator) -> str:
    """Sensor, equipment, lot and start, as far as they are known."""
    sensor = event.sensors[0].sensor if event.sensors else None
    lot = None if event.lot is None else translate("lot {lot}").format(lot=event.lot)
    places = [part for part in (sensor, event.equipment, lot, _since(event, table, translate)) if part]
    return translate("Worst: {places}").format(places=" · ".join(places))


def _since(event: Event, table: Table, translate: Translator) -> str:
    if isinstance(event.start, str):
        return translate("from {time}").format(time=event.start.replace("T", " "))
    if table.column(Role.TIME) is None:
        return translate("from row {row}").format(row=_whole(event.start_row + table.first_row, translate))
    return translate("from {time}").format(time=f"{event.start:.10g}")


def _part(options: Options, chosen: int, rows: int, translate: Translator) -> str:
    if not options.filters:
        return ""
    parts = []
    for column, values in options.filters:
        more = " ..." if len(values) > _MOST_VALUES else ""
        parts.append(f"{column} = {', '.join(values[:_MOST_VALUES])}{more}")
    return translate("Judged: {chosen} of {rows} rows ({filters}).").format(
        chosen=_whole(chosen, translate), rows=_whole(rows, translate), filters="; ".join(parts)
    )


def _whole(count: int, translate: Translator) -> str:
    return str(format_decimal(count, locale=translate.language))
