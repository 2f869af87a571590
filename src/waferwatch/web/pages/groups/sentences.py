"""Which groups differ from the rest, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from waferwatch.grouping.differences import Difference, Differences
from waferwatch.web.html.language import Translator

_MOST_NAMED = 5  # of each direction


def sentences(values: Sequence[str | None], found: Differences, translate: Translator) -> list[str]:
    """First what differs, clearest first, then how that was found out.

    Args:
        values: what each group is called; None = empty cells.
        found: the groups against the rest, in the same order.
    """
    if len(values) < 2:
        return [translate("There is only one group: nothing to compare it with.")]
    clear = [at for at in range(len(values)) if found.groups[at].direction]
    clear.sort(key=lambda at: found.groups[at].p_value)
    said = [_sentence(values[at], found.groups[at], found, translate) for at in _chosen(clear, found)]
    if len(clear) > len(said) and len(values) > 2:  # of two groups each is the other's rest
        said.append(translate("Further groups that differ: {count}.").format(count=f"{len(clear) - len(said):,}"))
    nothing = translate("No group differs from the rest by more than chance explains.")
    return [*(said or [nothing]), _basis(found, translate)]


def _chosen(clear: Sequence[int], found: Differences) -> list[int]:
    """Those flagged more than the rest come first: where one stands out, all others are flagged less."""
    higher = [at for at in clear if found.groups[at].direction == "higher"][:_MOST_NAMED]
    lower = [at for at in clear if found.groups[at].direction == "lower"][: 0 if higher else _MOST_NAMED]
    return higher + lower


def _sentence(value: str | None, one: Difference, found: Differences, translate: Translator) -> str:
    named = {
        "group": translate("(empty)") if value is None else value[:100],
        "p": "p < 0.001" if one.p_value < 0.001 else f"p = {one.p_value:.2g}",
    }
    if found.unit == "run":
        template = (
            translate(
                "{group} is flagged more often than the rest: "
                "in {hits} of {units} runs, elsewhere in {other_hits} of {other_units} ({p})."
            )
            if one.direction == "higher"
            else translate(
                "{group} is flagged less often than the rest: "
                "in {hits} of {units} runs, elsewhere in {other_hits} of {other_units} ({p})."
            )
        )
        return template.format(
            hits=f"{one.hits:,}",
            units=f"{one.units:,}",
            other_hits=f"{found.hits - one.hits:,}",
            other_units=f"{found.units - one.units:,}",
            **named,
        )
    template = (
        translate("{group} has more events than the rest: {hits} of {all}, in {share} of the rows ({p}).")
        if one.direction == "higher"
        else translate("{group} has fewer events than the rest: {hits} of {all}, in {share} of the rows ({p}).")
    )
    return template.format(hits=f"{one.hits:,}", all=f"{found.hits:,}", share=f"{one.units / found.units:.1%}", **named)


def _basis(found: Differences, translate: Translator) -> str:
    if found.unit == "run":
        return translate(
            "Counted in runs, since rows that follow one another are alike: "
            "a run counts once, as flagged when any of its rows in the group is."
        )
    return translate(
        "Counted in events, since rows that follow one another are alike and runs tell nothing here: "
        "there are none, or nearly all have a flagged row."
    )
