"""Sentences of the script of the page that explains one event."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {**_facts(translate), **_sensors(translate), **_comparisons(translate), **_verdict(translate)}


def _facts(translate: Translator) -> dict[str, str]:
    return {
        "event_of": translate("Event {event} of {all}"),
        "explained": translate("Event {event} is explained."),
        "where": translate("Where"),
        "when": translate("When"),
        "how_sure": translate("How sure"),
        "chamber_only": translate("This chamber alone?"),
        "equipment": translate("Equipment"),
        "lot": translate("Lot"),
        "no_equipment": translate("one equipment"),
        "until": translate("{duration}, until {end}"),
        "peak_score": translate("peak score {score}"),
        "peak_and_threshold": translate("peak score {score}, threshold {threshold}"),
        "rank": translate("number {rank} of {all} events by peak"),
        "as_high": translate("{share} of all rows score as high"),
        "yes": translate("yes"),
        "no": translate("no"),
        "unknown": translate("cannot be said"),
        "sisters_flagged": translate("{flagged} of {judged} other equipment flagged too"),
        "no_sisters": translate("There is no other equipment in this data set."),
        "sisters_unjudged": translate("No other equipment was judged at this moment."),
        "detected_with": translate("{detector}, {model}"),
    }


def _sensors(translate: Translator) -> dict[str, str]:
    return {
        "sensor": translate("Sensor"),
        "sensor_share": translate("Share"),
        "left_normal": translate("Left the normal"),
        "after_start": translate("{time} after the start"),
        "at_start": translate("at the start"),
        "did_not_leave": translate("stayed normal"),
        "no_onset": translate("no clear onset"),
        "measured_normal": translate("{measured}, normally {expected}"),
        "by_moment": translate("Dashed: what MOMENT ({model}) expected, each part drawn unseen."),
        "averaged": translate("It saw averages over {rows} rows."),
        "by_band_step": translate("Grey: the normal band of each recipe step (1 to 99 % of {rows}) and its median."),
        "by_band": translate("Grey: the normal band (1 to 99 % of {rows}) and its median."),
        "known_rows": translate("the reference rows"),
        "unflagged_rows": translate("unflagged rows"),
    }


def _comparisons(translate: Translator) -> dict[str, str]:
    return {
        "like_step": translate("Same recipe and step, {start}."),
        "like_recipe": translate("Same recipe, {start}."),
        "like_equipment": translate("Same equipment, {start}."),
        "parted": translate("Shaded: the largest gaps."),
        "moment_time": translate("At the same time."),
        "moment_lot": translate("The same lot in the same recipe step."),
        "moment_step": translate("Times do not overlap: the closest run of the same recipe step."),
        "moment_run": translate("Times do not overlap: the same place in the run."),
        "flagged_too": translate("flagged too"),
        "not_flagged": translate("not flagged"),
        "no_similar": translate("No event with the same sensors was found before."),
        "this_run": translate("this run"),
        "same_stretch": translate("these very rows, in another run"),
        "alike": translate("{share} alike"),
        "open_event": translate("Event {event}"),
    }


def _verdict(translate: Translator) -> dict[str, str]:
    return {
        "said_true": translate("True alarm, said {by} on {at}."),
        "said_false": translate("False alarm, said {by} on {at}."),
        "not_said": translate("Nobody has said yet what it was."),
        "kept": translate("The verdict is kept."),
        "taken_back": translate("The verdict was taken back."),
    }
