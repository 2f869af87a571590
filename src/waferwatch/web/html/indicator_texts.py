"""Names of indicators and rules for people."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def statistic_titles(translate: Translator) -> dict[str, str]:
    """Statistic to its name."""
    return {
        "mean": translate("mean"),
        "spread": translate("spread"),
        "min": translate("lowest"),
        "max": translate("highest"),
        "slope": translate("slope"),
        "settle": translate("time to settle"),
        "shape": translate("shape"),
        "bend": translate("slow bend"),
        "trend": translate("trend over wafers"),
        "contrast": translate("contrast with other steps"),
        "length": translate("length"),
        "missing": translate("missing rows"),
        "t2": "T²",
        "spe": "SPE",
    }


def sensor_title(sensor: str, translate: Translator) -> str:
    """A sensor as it is called, and in words what belongs to no sensor."""
    known = {
        "_length": translate("step length"),
        "_missing": translate("missing rows"),
        "_t2": "T²",
        "_spe": "SPE",
    }
    return known.get(sensor, sensor)


def indicator_title(sensor: str, statistic: str, translate: Translator) -> str:
    """Sensor and statistic, said once where they are the same."""
    if sensor.startswith("_"):
        return sensor_title(sensor, translate)
    return f"{sensor} {statistic_titles(translate).get(statistic, statistic)}"


def rule_titles(translate: Translator) -> dict[str, str]:
    """Name of a rule to what it says."""
    return {
        "beyond_3": translate("one point beyond 3 spreads"),
        "two_of_3_beyond_2": translate("2 of 3 beyond 2 spreads on one side"),
        "four_of_5_beyond_1": translate("4 of 5 beyond 1 spread on one side"),
        "eight_on_one_side": translate("8 in a row on one side"),
        "nine_on_one_side": translate("9 in a row on one side"),
        "six_rising_or_falling": translate("6 in a row rising or falling"),
        "fourteen_alternating": translate("14 in a row up and down in turn"),
        "fifteen_within_1": translate("15 in a row within 1 spread"),
        "eight_beyond_1": translate("8 in a row beyond 1 spread on either side"),
    }
