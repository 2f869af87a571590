"""The golden sets that versions of monitors learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waferwatch.errors import NotFoundError
from waferwatch.store.monitors.names import normal_name
from waferwatch.store.monitors.records import GoldenRecord, MonitorRecord


@dataclass(frozen=True)
class GoldenUse:
    """A golden set, and what learnt from it."""

    golden: GoldenRecord
    used_by: tuple[str, ...]  # NAME@VERSION of monitors


def golden_uses(monitors: Sequence[MonitorRecord]) -> list[GoldenUse]:
    """Every golden set of these monitors, by name, the newest version first."""
    sets: dict[str, GoldenRecord] = {}
    users: dict[str, list[str]] = {}
    for monitor in monitors:
        for version in monitor.versions:
            if version.golden is not None:
                sets[version.golden.id] = version.golden
                users.setdefault(version.golden.id, []).append(version.title)
    found = [GoldenUse(golden, tuple(users[key])) for key, golden in sets.items()]
    return sorted(found, key=lambda one: (one.golden.name, -one.golden.version))


def used_golden(found: Sequence[GoldenUse], name: str, version: str | None = None) -> GoldenUse:
    """A golden set by its name and version; the newest without a version.

    Raises:
        NotFoundError: there is none.
    """
    mine = [one for one in found if one.golden.name == normal_name(name)]
    for one in mine:
        if version is None or str(one.golden.version) == version.removeprefix("v"):
            return one
    raise NotFoundError(
        "There is no golden set {name}.",
        hint="There are: {known}.",
        field="name",
        name=f"{name} v{version}"[:100] if version else name[:100],
        known=", ".join(f"{one.golden.name} v{one.golden.version}" for one in (mine or list(found))[:20]) or "-",
    )
