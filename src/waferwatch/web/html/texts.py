"""Names of detectors, events and faults for people, where the server says them."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def detector_titles(translate: Translator) -> dict[str, str]:
    """Names of the detectors for people; an asterisk marks baselines that read rows by their recipe steps.

    One that is missing here is shown by its own name.
    """
    return {
        "moment": translate("MOMENT (foundation model)"),
        "moment_only": translate("MOMENT alone"),
        "statistical": translate("Statistics without MOMENT"),
        "early": translate("Early score of live data"),
        "isolation_forest": translate("Isolation forest"),
        "pca": translate("PCA (T2 and SPE)"),
        "sub_pca": translate("PCA of windows"),
        "knn": translate("Nearest neighbours"),
        "matrix_profile": translate("Matrix profile"),
        "moving_variance": translate("Moving variance (one line)"),
        "squared_difference": translate("Squared difference (one line)"),
        "isolation_forest_steps": translate("Isolation forest *"),
        "pca_steps": translate("PCA (T2 and SPE) *"),
        "moving_variance_steps": translate("Moving variance (one line) *"),
        "squared_difference_steps": translate("Squared difference (one line) *"),
    }


def short_titles(translate: Translator) -> dict[str, str]:
    """Names of the detectors for sentences and narrow columns."""
    return detector_titles(translate) | {"moment": "MOMENT", "statistical": translate("Statistics")}


def event_words(translate: Translator) -> dict[str, str]:
    """Kinds of events, and what engineers say of them."""
    return {
        "point": translate("point"),
        "contextual": translate("contextual"),
        "collective": translate("collective"),
        "state": translate("state"),
        "true_alarm": translate("true alarm"),
        "false_alarm": translate("false alarm"),
        "intended_change": translate("intended change"),
    }


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


def severity_words(translate: Translator) -> dict[str, str]:
    """How much a problem matters."""
    return {"severe": translate("severe"), "clear": translate("clear"), "weak": translate("weak")}


def statistic_words(translate: Translator) -> dict[str, str]:
    """Indicators of a step."""
    return {
        "mean": translate("mean"),
        "spread": translate("spread"),
        "min": translate("lowest value"),
        "max": translate("highest value"),
        "slope": translate("slope"),
        "settle": translate("time to settle"),
        "shape": translate("shape of the trace"),
        "bend": translate("slow bend of the trace"),
        "spe": translate("relation to the other sensors"),
        "length": translate("length of the step"),
        "missing": translate("missing rows"),
    }
