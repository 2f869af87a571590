"""Is the tool back: the sentence, the sensors that are not, and the grid of steps and sensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from waferwatch.indicators.before_after import FEWEST_BEFORE, Back
from waferwatch.scoring.before_after import BeforeAfter
from waferwatch.web.figures.style import short
from waferwatch.web.figures.wafers.maintenance import values_of
from waferwatch.web.html.indicator_texts import indicator_title, sensor_title
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers

Row = Mapping[str, Any]

SIGNS = {"back": "✓", "moved": "→", "settled": "◑", "settling": "◔", "out": "✗", "too_few": "?", "not_known": "?"}
_ORDER = (Back.OUT, Back.SETTLING, Back.TOO_FEW, Back.SETTLED, Back.MOVED, Back.BACK)
_LISTED = (Back.OUT, Back.SETTLING, Back.SETTLED, Back.MOVED)
_SPARK = 30  # points on either side
_BY_CHANCE = 0.05  # of intervals at 95 % that do not hold the truth
_CLEAR = 2.0  # tolerances: what moved less, in one indicator alone, may be chance
_FAR_FROM_ZERO = 5.0  # tolerances, so that a change in per cent means something


def words_of(translate: Translator) -> dict[str, str]:
    """Verdict of a tool or an indicator to its word."""
    return {
        "back": translate("back"),
        "moved": translate("moved, within limits"),
        "settled": translate("settled"),
        "settling": translate("settling"),
        "out": translate("out"),
        "too_few": translate("too few wafers"),
    }


def tool_words(translate: Translator) -> dict[str, str]:
    """Verdict of the tool to its word."""
    return {
        "back": translate("BACK"),
        "settling": translate("SETTLING"),
        "not_known": translate("NOT KNOWN YET"),
        "out": translate("NOT BACK"),
    }


def check_answer(found: BeforeAfter, translate: Translator) -> dict[str, Any]:
    """All that is said of one maintenance."""
    rows = _rows(found)
    lines, slight = _sensors(rows)
    words = words_of(translate)
    steps = list(dict.fromkeys(str(row["step"]) for row in rows))
    sensors = list(dict.fromkeys([*(str(row["sensor"]) for row in lines), *(str(row["sensor"]) for row in rows)]))
    return {
        "verdict": found.verdict,
        "sign": SIGNS[found.verdict],
        "word": tool_words(translate)[found.verdict],
        "sentence": _sentence(found, rows, lines, translate),
        "about": _about(rows, found, slight, translate),
        "counts": found.counts,
        "counted": _counted(found.counts, words, translate),
        "not_run": list(found.not_run),
        "lines": [_line(found, row, rows, words, translate) for row in lines],
        "steps": steps,
        "sensors": [{"sensor": one, "title": sensor_title(one, translate)} for one in sensors],
        "cells": _cells(rows, words, translate),
        "signs": {name: f"{SIGNS[name]} {word}" for name, word in words.items()},
    }


def indicator_said(row: Row, words: Mapping[str, str], translate: Translator) -> str:
    """One indicator in a sentence."""
    name = indicator_title(str(row["sensor"]), str(row["statistic"]), translate)
    place = ", ".join(filter(None, (str(row["step"]), str(row["recipe"]), str(row["equipment"]))))
    return f"{name} ({place}): {words[str(row['verdict'])]}. {_detail(row, translate)}"


def row_of(found: BeforeAfter, equipment: str, recipe: str, step: str, sensor: str, statistic: str) -> Row | None:
    """One indicator of a comparison."""
    wanted = (equipment, recipe, step, sensor, statistic)
    names = ("equipment", "recipe", "step", "sensor", "statistic")
    for row in _rows(found):
        if all(str(row[name]) == value for name, value in zip(names, wanted, strict=True)):
            return row
    return None


def _rows(found: BeforeAfter) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in found.frame.to_dict("records")]


def _sensors(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The leading indicator of each sensor that is not simply back, worst first; how many others moved slightly.

    Means speak for a sensor: its other statistics do only where no mean is off.
    """
    listed: list[Row] = []
    slight = 0
    by_sensor: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["verdict"] in _LISTED:
            by_sensor.setdefault((str(row["equipment"]), str(row["sensor"])), []).append(row)
    for mine in by_sensor.values():
        clear = [row for row in mine if row["verdict"] != Back.MOVED or abs(row["spreads"]) > _CLEAR]
        if not clear and len(mine) == 1:
            slight += 1
            continue
        means = [row for row in mine if row["statistic"] == "mean"]
        worst = min(mine, key=_rank) if mine and _ORDER.index(Back(min(mine, key=_rank)["verdict"])) < 2 else None
        listed.append(worst or min(means or mine, key=_rank))
    return sorted(listed, key=_rank), slight


def _rank(row: Row) -> tuple[int, bool, float]:
    return _ORDER.index(Back(row["verdict"])), row["statistic"] != "mean", -abs(row["spreads"] or 0.0)


def _sentence(found: BeforeAfter, rows: Sequence[Row], lines: Sequence[Row], translate: Translator) -> str:
    if found.verdict in ("out", "settling"):
        wanted = Back.OUT if found.verdict == "out" else Back.SETTLING
        mine = [row for row in lines if row["verdict"] == wanted]
        if not mine:
            return ""
        text = f"{_title(mine[0], rows, translate)}: {_detail(mine[0], translate)}"
        if len(mine) > 1:
            more = len(mine) - 1
            text += " " + translate(
                "{count} more sensor like it." if more == 1 else "{count} more sensors like it."
            ).format(count=more)
        return text
    if found.verdict == "not_known":
        return _missing(rows, translate)
    moved = sum(row["verdict"] == Back.MOVED for row in lines)
    text = translate("All {count} indicators are back or within their limits.").format(count=len(rows))
    if moved:
        text += " " + translate(
            "{count} sensor moved within its limits." if moved == 1 else "{count} sensors moved within their limits."
        ).format(count=moved)
    return text


def _missing(rows: Sequence[Row], translate: Translator) -> str:
    """How many wafers are missing, and on which side."""
    few = [row for row in rows if row["verdict"] == Back.TOO_FEW]
    before = min((int(row["wafers_before"]) for row in few), default=0)
    if not few:
        return translate("No step ran both before and after it.")
    if before < FEWEST_BEFORE:
        text = translate("Only {count} wafers before it: 25 of a recipe are needed to know what is normal.")
        return text.format(count=before)
    missing = max(int(row["missing_wafers"]) for row in few)
    return translate("{count} more wafers are needed after it.").format(count=missing)


def _about(rows: Sequence[Row], found: BeforeAfter, slight: int, translate: Translator) -> str:
    late = found.measured.late
    chambers = {str(row["equipment"]) for row in rows}
    cells = found.measured.cells
    ran = [
        number
        for number, cell in enumerate(np.searchsorted(cells.run, np.arange(len(cells.runs))))
        if cells.names[int(cells.stage[cell])].equipment in chambers
    ]
    after = int(late[ran].sum())
    text = [translate("{before} wafers before, {after} after").format(before=len(ran) - after, after=after)]
    moved = found.counts["moved"]
    if 0 < moved <= _BY_CHANCE * len(rows):
        said = translate("{count} of {all} indicators moved, no more than chance explains (one in twenty)")
        text.append(said.format(count=moved, all=len(rows)))
    elif slight:
        text.append(
            translate("{count} of {all} indicators moved by about their tolerance, which may be chance").format(
                count=slight, all=len(rows)
            )
        )
    if found.not_run:
        text.append(translate("Not run since: {recipes}").format(recipes=", ".join(found.not_run)))
    return " · ".join(text)


def _counted(counts: Mapping[str, int], words: Mapping[str, str], translate: Translator) -> list[str]:
    numbers = Numbers(translate.language)
    order = [one.value for one in _ORDER if counts.get(one.value)]
    return [f"{SIGNS[name]} {numbers.whole(counts[name])} {words[name]}" for name in order]


def _line(
    found: BeforeAfter, row: Row, rows: Sequence[Row], words: Mapping[str, str], translate: Translator
) -> dict[str, Any]:
    verdict = str(row["verdict"])
    return {
        "verdict": verdict,
        "sign": SIGNS[verdict],
        "word": words[verdict],
        "title": _title(row, rows, translate),
        "said": _detail(row, translate),
        **{name: str(row[name]) for name in ("sensor", "step", "recipe", "equipment", "statistic")},
        "spark": _spark(found, row),
    }


def _title(row: Row, rows: Sequence[Row], translate: Translator) -> str:
    """Sensor, and the steps in which it does the same."""
    same = [
        str(one["step"])
        for one in rows
        if all(one[name] == row[name] for name in ("equipment", "sensor", "verdict", "statistic"))
    ]
    steps = [str(row["step"]), *(one for one in same if one != row["step"])]
    name = indicator_title(str(row["sensor"]), str(row["statistic"]), translate)
    several = len({one["equipment"] for one in rows}) > 1
    chamber = str(row["equipment"]) if several else ""
    return " · ".join(filter(None, (name, ", ".join(dict.fromkeys(filter(None, steps))), chamber)))


def _detail(row: Row, translate: Translator) -> str:
    numbers = Numbers(translate.language)
    verdict = Back(row["verdict"])
    if verdict is Back.TOO_FEW:
        return translate("{before} wafers before, {after} after").format(
            before=int(row["wafers_before"]), after=int(row["wafers_after"])
        )
    text = f"{numbers.short(row['before'])} → {numbers.short(row['after'])} ({_change(row)})"
    if verdict is Back.SETTLED:
        return text + " · " + translate("as before from wafer {wafer} on").format(wafer=int(row["settled_after"]) + 1)
    if verdict is Back.OUT:
        limit = row["upper"] if row["change"] > 0 else row["lower"]
        values = {"limit": numbers.short(limit), "beyond": int(row["beyond"]), "of": int(row["of"])}
        said = translate("limit {limit}; {beyond} of the last {of} wafers beyond it; not settling")
        return text + " · " + said.format(**values)
    if verdict is Back.MOVED:
        values = {"lower": numbers.short(row["lower"]), "upper": numbers.short(row["upper"])}
        one_sided = math.isnan(row["lower"])
        said = translate("below the limit {upper}") if one_sided else translate("within {lower} to {upper}")
        return text + " · " + said.format(**values)
    if verdict is Back.SETTLING:
        return text + " · " + translate("the last wafers move towards the old level")
    return text


def _change(row: Row) -> str:
    change, before = float(row["change"]), float(row["before"])
    if not math.isfinite(change):
        return "–"
    if abs(before) > _FAR_FROM_ZERO * float(row["tolerance"] or 0.0) and before and abs(change / before) >= 0.05:
        return f"{change / abs(before):+.0%}"
    return f"{change:+.3g}"


def _cells(rows: Sequence[Row], words: Mapping[str, str], translate: Translator) -> list[dict[str, Any]]:
    worst: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=_rank):
        worst.setdefault((str(row["sensor"]), str(row["step"])), row)
    return [
        {
            "sensor": sensor,
            "step": step,
            "verdict": str(row["verdict"]),
            "sign": SIGNS[str(row["verdict"])],
            "settled_after": None if math.isnan(row["settled_after"] or math.nan) else int(row["settled_after"]),
            "statistic": str(row["statistic"]),
            "recipe": str(row["recipe"]),
            "equipment": str(row["equipment"]),
            "said": indicator_said(row, words, translate),
        }
        for (sensor, step), row in worst.items()
    ]


def _spark(found: BeforeAfter, row: Row) -> dict[str, Any]:
    """The last values before and the first after, for a small picture."""
    _, values, late = values_of(found.measured, row)
    before, after = values[~late][-_SPARK:], values[late]
    some = np.unique(np.linspace(0, max(0, len(after) - 1), min(len(after), _SPARK)).astype(np.int64))
    sides = short([row["lower"], row["upper"]])
    return {"before": short(before), "after": short(after[some]), "lower": sides[0], "upper": sides[1]}
