"""How a check was made: what it learnt from, which detector ran, what the threshold promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from waferwatch.explain.threshold import threshold_notes
from waferwatch.jobs.options import Options
from waferwatch.scoring.result import Detection
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator, translated
from waferwatch.web.html.numbers import Numbers, place
from waferwatch.web.html.texts import detector_titles


@dataclass(frozen=True)
class Made:
    """For the folded part below the list, and the line below the sentence."""

    judged: str  # what was judged by what, in how long
    golden: str  # what was taken to be normal
    provisional: bool  # whether nobody has said what is normal
    warning: str  # what the threshold cannot promise
    facts: list[tuple[str, str]]
    notes: list[str]


def how_made(run: Run, found: Detection, translate: Translator) -> Made:
    """How a result came about, in the reader's language."""
    options, numbers = Options.from_dict(run.options), Numbers(translate.language)
    promise = translated(threshold_notes(found.threshold, found.threshold_by, found.promise), translate)
    kept = found.promise is None or found.promise.kept
    provisional = options.monitor is None and options.reference_rows is None and options.reference_start is None
    return Made(
        judged=_judged(run, found, numbers, translate),
        golden=_golden(options, numbers, translate),
        provisional=provisional,
        warning="" if kept else " ".join(promise),
        facts=_facts(run, options, found, " ".join(promise), numbers, translate),
        notes=translated(found.notes, translate),
    )


def _judged(run: Run, found: Detection, numbers: Numbers, translate: Translator) -> str:
    wafers = [one for one in found.runs if one.wafer is not None]
    if wafers:
        count = sum(one.judged for one in wafers)
        one, said = (
            translate("{count} wafer judged in {seconds} s."),
            translate("{count} wafers judged in {seconds} s."),
        )
    else:
        count = int(np.isfinite(found.scores).sum())
        one, said = translate("{count} row judged in {seconds} s."), translate("{count} rows judged in {seconds} s.")
    return (one if count == 1 else said).format(
        count=numbers.whole(count), seconds=numbers.short(round(found.seconds, 1))
    )


def _golden(options: Options, numbers: Numbers, translate: Translator) -> str:
    if options.monitor is not None:
        return translate("Monitor: {name}.").format(name=options.monitor)
    if options.reference_rows is not None:
        return translate("Golden: the first {rows} rows of each chamber.").format(
            rows=numbers.whole(options.reference_rows)
        )
    if options.reference_start is not None or options.reference_end is not None:
        return translate("Golden: {start} to {end}.").format(
            start=place(options.reference_start or "…"), end=place(options.reference_end or "…")
        )
    return translate("No golden data were named: limits come from most of this file and are provisional.")


def _facts(
    run: Run, options: Options, found: Detection, promise: str, numbers: Numbers, translate: Translator
) -> list[tuple[str, str]]:
    titles = detector_titles(translate)
    digest = f" · {found.model_sha256[:12]}" if found.model_sha256 else ""
    facts = [
        (translate("Check"), f"{run.id} · {numbers.moment(run.created)} · {run.user}"),
        (translate("Detector"), titles.get(found.detector, found.detector)),
        (translate("Model"), f"{found.model}{digest}"),
        (translate("Device"), found.device),
        (translate("Sensors"), ", ".join(found.features)),
        (translate("Threshold of the row score"), f"{numbers.short(found.threshold)}. {promise}"),
    ]
    if found.wafers is not None:
        facts.append((translate("Golden wafers"), numbers.whole(found.wafers.wafers)))
    for column, values in options.filters:
        facts.append((column, ", ".join(values)))
    return facts
