"""The quality report as it is answered: sentences and numbers in the reader's language."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from waferwatch.read.table import Note, Table
from waferwatch.series.quality.findings import Finding, Seconds, Share
from waferwatch.series.quality.report import Quality
from waferwatch.series.quality.sensor_quality import SensorQuality
from waferwatch.series.time_text import time_text
from waferwatch.web.html.language import Translator

_MOST_EQUIPMENT = 200
_LEAST_SHARE = 0.001
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def quality_answer(quality: Quality, table: Table, translate: Translator) -> dict[str, Any]:
    """The answer of /datasets/{id}/quality."""
    timing = quality.timing
    worst = _worst(quality.findings)
    return {
        "rows": len(table.frame),
        "series": timing.series,
        "timing": {
            **{name: getattr(timing, name) for name in ("column", "dated", "period", "jitter")},
            **{name: getattr(timing, name) for name in ("gap_count", "gap_length")},
            "start": time_text(timing.start),
            "end": time_text(timing.end),
            "gaps": [asdict(gap) for gap in timing.gaps],
            **{name: getattr(timing, name).count for name in ("without_time", "back", "again", "repeated")},
        },
        "equipment": [
            {**asdict(one), "start": time_text(one.start), "end": time_text(one.end)}
            for one in timing.equipment[:_MOST_EQUIPMENT]
        ],
        "equipment_total": len(timing.equipment),
        "findings": [_finding(one, translate) for one in quality.findings],
        "sensors": [_sensor(one, worst.get(one.name)) for one in quality.sensors],
    }


def _finding(finding: Finding, translate: Translator) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity.name.lower(),
        "message": spoken(finding.sentence, translate),
        "hint": spoken(finding.remedy, translate),
        "columns": list(finding.columns),
        "fix": {column: role.value for column, role in finding.fix},
        "row": finding.row,
    }


def _worst(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    """Of each column the finding that matters most."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        for column in finding.columns:
            worst.setdefault(column, finding)
    return worst


def _sensor(sensor: SensorQuality, worst: Finding | None) -> dict[str, Any]:
    places = (sensor.stuck[0] if sensor.stuck else None, sensor.longest_missing)
    place = next((one.row for one in places if one is not None), sensor.farthest)
    return {
        **{name: getattr(sensor, name) for name in ("name", "missing_share", "low", "median", "high", "distinct")},
        "longest_run": 0 if sensor.longest_run is None else sensor.longest_run.rows,
        "usual_run": sensor.usual_run,
        "stuck_rows": sensor.stuck_rows,
        "outlier_share": sensor.outliers / sensor.rows if sensor.rows else 0.0,
        "row": place,
        "severity": None if worst is None else worst.severity.name.lower(),
    }


def spoken(note: Note, translate: Translator) -> str:
    """The sentence with its numbers as the reader writes them."""
    values = {name: _shown(value, translate.language) for name, value in note.values.items()}
    return translate(note.template).format(**values)


def _shown(value: object, language: str) -> str:
    if isinstance(value, Share):
        return _percent(value, language)
    if isinstance(value, Seconds):
        return _duration(value, language)
    if isinstance(value, float):
        return _decimal(value, language)
    return str(format_decimal(value, locale=language)) if isinstance(value, int) else str(value)


def _percent(value: float, language: str) -> str:
    if 0 < value < _LEAST_SHARE:
        return "<" + str(format_percent(_LEAST_SHARE, "#,##0.#%", locale=language))
    return str(format_percent(value, "#,##0.#%", locale=language))


def _decimal(value: float, language: str) -> str:
    return str(format_decimal(float(f"{value:.4g}"), "#,##0.######", locale=language))


def _duration(value: float, language: str) -> str:
    """Two units at most: 1 day 3 hr, 4 min 10 sec."""
    if value < 60:
        return str(format_unit(float(f"{value:.3g}"), "second", length="short", locale=language))
    rest, parts = round(value), []
    first = next(at for at, (_, size) in enumerate(_UNITS) if value >= size)
    for name, size in _UNITS[first : first + 2]:
        count, rest = divmod(rest, size)
        if count:
            parts.append(str(format_unit(count, name, length="short", locale=language)))
    return " ".join(parts)
