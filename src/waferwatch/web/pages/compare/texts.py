"""Sentences of the Compare page's script."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    kinds = {f"fault_{kind}": title for kind, title in kind_titles(translate).items()}
    return {**kinds, **_settings_texts(translate), **_verdict_texts(translate), **_result_texts(translate)}


def kind_titles(translate: Translator) -> dict[str, str]:
    """Names of the kinds of injected faults for people."""
    return {
        "spike": translate("Spike"),
        "level_shift": translate("Level shift"),
        "drift": translate("Drift"),
        "oscillation": translate("Oscillation"),
        "noise_burst": translate("Noise burst"),
        "stuck": translate("Stuck sensor"),
        "gain_change": translate("Gain change"),
        "late_step": translate("Late step"),
    }


def _settings_texts(translate: Translator) -> dict[str, str]:
    return {
        "detectors_chosen": translate("{chosen} of {all} detectors"),
        "no_share": translate("The expected share must be above 0 and at most 50 %."),
        "no_share_hint": translate("Write a number such as 5."),
        "faults_needed": translate("Without labels the verdict rests on this test."),
        "faults_beside": translate("These data have labels; the test is made as well."),
        "compared": translate("Comparison finished."),
        "data_gone": translate("The data of this run, {name}, are no longer there."),
    }


def _verdict_texts(translate: Translator) -> dict[str, str]:
    return {
        "verdict_yes": translate("Yes: MOMENT earns its keep on these data."),
        "verdict_slightly": translate("Yes, but by little: MOMENT does slightly better on these data."),
        "verdict_tie": translate("A tie: on these data MOMENT makes no difference that counts."),
        "verdict_no": translate("No: on these data {other} does better without MOMENT."),
        "verdict_unknown": translate("No verdict: MOMENT and another detector must both give a result."),
        "verdict_by_vus_pr": translate(
            "VUS-PR against the labels: MOMENT {moment}, {other} {value}, difference {difference}. "
            "Less than 0.01 counts as a tie."
        ),
        "verdict_by_injected": translate(
            "Injected faults found: MOMENT {moment}, {other} {value}, difference {difference}. "
            "What chance gives in one of twenty tests counts as a tie."
        ),
        "verdict_statistical": translate("{other} is the same detector without the network."),
        "verdict_best": translate("{other} is the best of the detectors without MOMENT."),
        "verdict_better": translate("But {better} does better still, without MOMENT: {value}."),
        "verdict_caution": translate("This holds for these data and settings, not for others."),
    }


def _result_texts(translate: Translator) -> dict[str, str]:
    return {
        "memory": translate("Memory"),
        "faults_found": translate("Faults found"),
        "interval": translate("95 % interval"),
        "delay": translate("Delay"),
        "false_alarms": translate("False alarms"),
        "size_small": translate("Small"),
        "size_medium": translate("Medium"),
        "size_large": translate("Large"),
        "points": translate("{count} points"),
        "points_one": translate("{count} point"),
        "missed_count": translate("{count} events of {found} were missed by {missed}."),
        "missed_shown": translate("Those with the highest peaks are listed."),
        "missed_none": translate("{missed} missed no event of {found}."),
        "start": translate("Start"),
        "equipment": translate("Equipment"),
        "sensors": translate("Sensors"),
        "peak": translate("Peak score"),
        "labelled": translate("Labelled"),
        "yes": translate("yes"),
        "no": translate("no"),
        "open_event_of": translate("Open event {id} of {detector}"),
        "no_labels": translate("Without a label column there are no precision, recall and F1."),
        "faults_about": translate(
            "{faults} faults in {rows} normal rows, {rounds} rounds. Every detector may flag {allowed} of the rows "
            "without faults."
        ),
        "source_reference": translate("Normal rows: the second half of the reference; the first half was learnt from."),
        "source_least_scored": translate(
            "Normal rows: those of the second half that no detector flags and no label names; the first half was "
            "learnt from."
        ),
        "no_faults": translate("No fault found room in these data: more normal rows of sensors that move are needed."),
    }
