"""What a rebase has moved, what settled by itself, and what it refused to learn, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Translate = Callable[[str], str]


def rebase_lines(rebase: Mapping[str, Any] | None, translate: Translate = str) -> list[str]:
    """What a rebase has moved, what settled by itself, and what it refused to learn."""
    if rebase is None:
        return []
    why = {
        "drifting": translate("does not stand still yet"),
        "jump": translate("moved far, and not by one value in all steps"),
        "shape": translate("has another course or relation"),
        "kept": translate("kept by wish"),
    }
    lines = [
        translate("New level of {place}: {before} to {after}.").format(place=_place(one), **_levels(one))
        for one in rebase["moved"]
    ]
    lines += [
        translate("Settled after {wafers} wafers: {place}.").format(place=_place(one), wafers=one["settled_after"])
        for one in rebase["settled"]
    ]
    lines += [
        translate("Not learnt: {place}, {before} to {after} ({reason}).").format(
            place=_place(one), reason=why[one["reason"]], **_levels(one)
        )
        for one in rebase["refused"]
    ]
    return [*lines, *rebase["notes"]]


def _place(one: Mapping[str, Any]) -> str:
    return " · ".join(str(part) for part in (one["equipment"], one["recipe"], one["step"], one["sensor"]) if part)


def _levels(one: Mapping[str, Any]) -> dict[str, str]:
    return {name: "–" if one[name] is None else f"{one[name]:.4g}" for name in ("before", "after")}
