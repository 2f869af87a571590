"""Sentences of the Groups page's script."""

from __future__ import annotations

from waferwatch.web.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        "anomalies": translate("Flagged"),
        "interval": translate("95 % interval"),
        "mean_score": translate("Mean score"),
        "sensor_mean": translate("Mean of the sensor"),
        "more_groups": translate("The first {shown} of {all} groups are listed."),
        "no_group": translate("This data set has no column to group by."),
    }
