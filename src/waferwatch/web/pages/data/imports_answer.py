"""The preview of a file as it is answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from waferwatch.read.findings import Level, findings_of
from waferwatch.read.preview import Preview
from waferwatch.read.recipe.fingerprint import DELIMITER_NAMES
from waferwatch.read.table import Role, Table
from waferwatch.read.text.text_form import TextForm
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.data.preview import json_cell, rows_of

_ROWS, _COLUMNS = 12, 60


def preview_answer(shown: Preview, translate: Translator) -> dict[str, Any]:
    """Lines as they are written, the first rows of the table, and what was found."""
    written = shown.written
    part = shown.frame.iloc[:_ROWS, :_COLUMNS]
    findings = [finding.to_dict(translate) for finding in findings_of(shown.notes)]
    return {
        "format": shown.format,
        "whole": shown.whole,
        "usable": shown.table is not None,
        "rows": len(shown.frame),
        "encoding": None if written is None or shown.format != "CSV" else written.encoding,
        "delimiter": None if written is None else DELIMITER_NAMES.get(written.delimiter),
        "header_line": None if written is None else written.header.names_line or 0,
        "units_line": None if written is None else written.header.units_line or 0,
        "first_row": shown.first_row,
        "lines": [
            {"number": number, "text": line, "kind": _kind(number, written)}
            for number, line in enumerate(shown.lines, 1)
        ],
        "lines_total": len(shown.lines),
        "columns": [
            {"name": str(name), "unit": shown.units.get(str(name), ""), "role": shown.roles[name].value}
            for name in part.columns
        ],
        "columns_total": len(shown.frame.columns),
        "cells": rows_of(part),
        "date_order": _date_order(shown),
        "clock": None if shown.table is None else _clock(shown.table),
        "findings": sorted(findings, key=lambda one: ("obstacle", "repaired", "info").index(one["level"])),
    }


def _date_order(shown: Preview) -> str | None:
    """What the dates were found to begin with; None where nothing had to be found, or it is not decided."""
    found = [one for one in findings_of(shown.notes) if one.code == "date_order" and one.level is not Level.OBSTACLE]
    return str(found[0].values["order"]) if found else None


def _kind(number: int, written: TextForm | None) -> str:
    if written is None:
        return "unknown"
    if number in (written.header.names_line, written.header.group_line):
        return "names"
    if number == written.header.units_line:
        return "units"
    return "data" if number >= written.first_row else "left_out"


def _clock(table: Table) -> dict[str, Any] | None:
    name = table.column(Role.TIME)
    if name is None:
        return None
    times = table.frame[name].dropna()
    dated = bool(pd.api.types.is_datetime64_any_dtype(times.dtype))
    ordered = times.to_numpy()
    return {
        "columns": [name],
        "start": json_cell(times.min()) if len(times) else None,
        "end": json_cell(times.max()) if len(times) else None,
        "dated": dated,
        "zone": table.zone,
        "goes_back": int(np.count_nonzero(ordered[1:] < ordered[:-1])),
    }
