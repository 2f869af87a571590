"""Chambers compared, as a page shows them: one line for each indicator, with every chamber that ran it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.indicators.chambers.matching import Match
from waferwatch.scoring.comparison.chambers import ChamberMatching, rows_of
from waferwatch.web.figures.wafers.chambers import chamber_styles, styles_shown
from waferwatch.web.html.indicator_texts import indicator_title
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers
from waferwatch.web.pages.chambers.schemas import MatchedIndicatorsQuery

INDICATOR = ["recipe", "step", "sensor", "statistic"]
_MOST_NAMED = 3
_MOST_TIMES = 999.0
_WORST_FIRST = (Match.DIFFERENT.value, Match.TOO_FEW.value, Match.MATCHED.value)


def matched_view(found: ChamberMatching, query: MatchedIndicatorsQuery, translate: Translator) -> dict[str, Any]:
    """The indicators that the query chooses, those that differ first, the farthest first."""
    frame = found.frame
    verdicts = frame.groupby(INDICATOR, sort=False)["verdict"].first()  # rows are ranked: the first is the worst
    chosen = verdicts[[_fits(name, verdict, query) for name, verdict in verdicts.items()]]
    shown = chosen.index[query.skip : query.skip + query.limit]
    by_indicator = {name: rows for name, rows in frame.groupby(INDICATOR, sort=False) if name in set(shown)}
    counts = {one: int((verdicts == one).sum()) for one in _WORST_FIRST}
    return {
        "sentence": _sentence(verdicts, counts, translate),
        "about": _about(found, translate),
        "chambers": styles_shown(chamber_styles(found.chambers), sorted(found.chambers)),
        "recipes": sorted(frame["recipe"].unique()),
        "steps": sorted(frame["step"].unique()),
        "counts": counts,
        "total": len(chosen),
        "indicators": [_indicator(name, by_indicator[name], translate) for name in shown],
    }


def _fits(name: Any, verdict: str, query: MatchedIndicatorsQuery) -> bool:
    recipe, step, sensor, _ = name
    wanted = ((query.recipe, recipe), (query.step, step), (query.sensor, sensor), (query.verdict, verdict))
    return all(one is None or one == there for one, there in wanted)


def _sentence(verdicts: pd.Series[str], counts: dict[str, int], translate: Translator) -> str:
    numbers = Numbers(translate.language)
    values = {"all": numbers.whole(len(verdicts)), "few": numbers.whole(counts[Match.TOO_FEW.value])}
    different = [name for name, verdict in verdicts.items() if verdict == Match.DIFFERENT.value]
    if not len(verdicts):
        return translate("No recipe step ran on two chambers: there is nothing to compare.")
    if different:
        worst = dict.fromkeys(_named(name, translate) for name in different)
        text = "{different} of {all} indicators differ between chambers. Farthest: {worst}."
        return translate(text).format(
            **values, different=numbers.whole(len(different)), worst=", ".join(list(worst)[:_MOST_NAMED])
        )
    if counts[Match.TOO_FEW.value]:
        text = "No indicator is shown to differ; {few} of {all} have too few wafers to tell."
        return translate(text).format(**values)
    return translate("All {all} indicators match between chambers.").format(**values)


def _named(name: Any, translate: Translator) -> str:
    """An indicator with its step, where there is one."""
    _, step, sensor, statistic = name
    title = indicator_title(sensor, statistic, translate)
    return f"{title} ({step})" if step else title


def _about(found: ChamberMatching, translate: Translator) -> str:
    text = translate("{chambers} chambers; each is compared with the others by 95 % intervals of medians over wafers.")
    about = text.format(chambers=len(found.chambers))
    if found.alone:
        more = translate("Not compared, since one chamber alone ran them: {recipes}.")
        about += " " + more.format(recipes=", ".join(one or "–" for one in found.alone[:10]))
    return about


def _indicator(name: tuple[str, str, str, str], rows: pd.DataFrame, translate: Translator) -> dict[str, Any]:
    recipe, step, sensor, statistic = name
    chambers = [row | {"said": _said(row, translate)} for row in rows_of(rows.sort_values("equipment"))]
    return {
        "recipe": recipe,
        "step": step,
        "sensor": sensor,
        "statistic": statistic,
        "title": indicator_title(sensor, statistic, translate),
        "verdict": min((row["verdict"] for row in chambers), key=_WORST_FIRST.index),
        "chambers": chambers,
    }


def _said(row: dict[str, Any], translate: Translator) -> str:
    if row["verdict"] == Match.TOO_FEW.value:
        if row["missing_wafers"] is None:
            return translate("not known: the difference lies at the tolerance")
        return translate("too few wafers, missing: {count}").format(count=row["missing_wafers"])
    if row["because"] == "spread":
        ratio = min(row["spread_ratio"], _MOST_TIMES)
        return translate("different: its wafers vary {ratio} times as much").format(ratio=f"{ratio:.2g}")
    values = {"difference": _signed(row["difference"]), "times": f"{min(abs(row['tolerances']), _MOST_TIMES):.2g}"}
    text = "matched: {difference}, {times} x the tolerance"
    if row["verdict"] == Match.DIFFERENT.value:
        text = "different: {difference}, {times} x the tolerance"
    return translate(text).format(**values)


def _signed(value: float) -> str:
    return f"{value:+.3g}" if np.isfinite(value) else "–"


def verdict_words(translate: Translator) -> Sequence[tuple[str, str]]:
    """Verdicts and their names, worst first."""
    names = (translate("different"), translate("too few wafers"), translate("matched"))
    return list(zip(_WORST_FIRST, names, strict=True))
