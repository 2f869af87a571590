"""All chambers at once: each with its state and its alarms, in groups, and not made anew for every page that asks."""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.live.alarms.search import open_severities
from waferwatch.live.service import LiveService
from waferwatch.live.state import LiveEquipment, WatchState, live_state
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.watch.confirmed import unconfirmed
from waferwatch.web.shell.context import Parts

KEPT_S = 1.0  # pages share one look at the fleet
KEPT_TIMES = 4  # kept for so many times as long as it took: 5,000 chambers never take more than a fifth of a core
WORST_FIRST = (ProblemSeverity.SEVERE, ProblemSeverity.CLEAR, ProblemSeverity.WEAK)
FAILING = (WatchState.CANNOT_SCORE, WatchState.UNKNOWN, WatchState.NO_EARLY)
ALARM = "alarm"  # state of a chamber with an open alarm, whatever its rows do
_STATES = (
    WatchState.SILENT,
    *FAILING,
    WatchState.WATCHED,
    WatchState.LEARNING,
    WatchState.MAINTENANCE,
    WatchState.NO_MONITOR,
)
_CELLS = {
    WatchState.WATCHED: ".",
    WatchState.LEARNING: "l",
    WatchState.MAINTENANCE: "m",
    WatchState.SILENT: "n",
    WatchState.NO_MONITOR: "o",
    **dict.fromkeys(FAILING, "x"),
}
_SEVERITY_CELLS = {ProblemSeverity.SEVERE: "S", ProblemSeverity.CLEAR: "C", ProblemSeverity.WEAK: "W"}
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class FleetChamber:
    """One chamber with what is open on it."""

    number: int  # of its equipment in the log
    live: LiveEquipment
    alarms: int
    severity: ProblemSeverity | None  # of the worst of them

    @property
    def state(self) -> str:
        """What its tile says."""
        return self.live.state.value if self.severity is None else ALARM

    @property
    def cell(self) -> str:
        """One letter for the square of the chamber."""
        return _CELLS[self.live.state] if self.severity is None else _SEVERITY_CELLS[self.severity]

    @property
    def rank(self) -> tuple[int, int, float, str]:
        """The worst first."""
        worst = len(WORST_FIRST) if self.severity is None else WORST_FIRST.index(self.severity)
        ratio = (self.live.worst or 0.0) / self.live.threshold if self.live.threshold else 0.0
        return worst, _STATES.index(self.live.state), -ratio, self.live.equipment


@dataclass(frozen=True)
class Fleet:
    """Everything at one moment."""

    chambers: Sequence[FleetChamber]  # by source and name
    waiting: int  # rows without an early score
    unconfirmed: Mapping[int, str]  # alarms that no settled score confirms, as ``confirmed.unconfirmed`` says it


@dataclass(frozen=True)
class FleetGroup:
    """Chambers of one kind."""

    name: str  # "" where it is not known
    chambers: Sequence[FleetChamber]  # by source and name, so that a square keeps its place

    @property
    def worst_first(self) -> list[FleetChamber]:
        return sorted(self.chambers, key=lambda one: one.rank)

    @property
    def counts(self) -> Counter[str]:
        """How many chambers are in each state, alarms apart."""
        return Counter(one.state for one in self.chambers)

    @property
    def cells(self) -> str:
        """One letter for each chamber."""
        return "".join(one.cell for one in self.chambers)

    @property
    def digest(self) -> str:
        """Changes with the names of its chambers."""
        return f"{zlib.crc32(repr(self.places).encode()):08x}"

    @property
    def places(self) -> list[tuple[str, str]]:
        """Source and name of each chamber."""
        return [(one.live.source, one.live.equipment) for one in self.chambers]


def tool_type(equipment: str) -> str:
    """The letters that a name begins with: ETCH for ETCH01-PM2; empty where there are none."""
    found = _LETTERS.match(equipment.strip())
    return "" if found is None else found.group().upper()


GROUPINGS: dict[str, Callable[[LiveEquipment], str]] = {
    "type": lambda one: tool_type(one.equipment),
    "source": lambda one: one.source,
    "monitor": lambda one: (one.monitor or "").partition("@")[0],
}


def grouped(chambers: Iterable[FleetChamber], by: str) -> list[FleetGroup]:
    """
    Args:
        by: one of ``GROUPINGS``.

    Returns:
        Groups, the one with the worst chamber first; those in which nothing is wrong by name.
    """
    found: dict[str, list[FleetChamber]] = {}
    for one in chambers:
        found.setdefault(GROUPINGS[by](one.live), []).append(one)
    groups = [FleetGroup(name, members) for name, members in found.items()]
    return sorted(groups, key=lambda group: (min(one.rank[:2] for one in group.chambers), group.name))


class FleetView:
    """The fleet of one server as it was a moment ago. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Fleet]] = {}  # language -> until when it is kept, and what

    def now(self, app: Parts, translate: Translator) -> Fleet:
        """
        Raises:
            WaferwatchError: live monitoring does not run, and why.
        """
        with self._lock:
            until, fleet = self._kept.get(translate.language, (0.0, None))
            began = time.monotonic()
            if fleet is None or began >= until:
                fleet = _fleet(app, translate)
                made = time.monotonic()
                self._kept[translate.language] = (made + max(KEPT_S, KEPT_TIMES * (made - began)), fleet)
            return fleet


_views: WeakKeyDictionary[LiveService, FleetView] = WeakKeyDictionary()


def fleet_of(app: Parts, translate: Translator) -> Fleet:
    """The fleet as it was a moment ago.

    Raises:
        WaferwatchError: live monitoring does not run, and why.
    """
    return _views.setdefault(app.live, FleetView()).now(app, translate)


def _fleet(app: Parts, translate: Translator) -> Fleet:
    state = live_state(app.live.parts, app.settings.live_silence_s, translate)
    with app.alarms.desk.reading() as connection:
        rows = connection.execute("SELECT source, name, id FROM live_equipment").fetchall()
        open_ones = open_severities(connection)
        waiting = unconfirmed(app.live.parts, connection)
    numbers = {(row["source"], row["name"]): int(row["id"]) for row in rows}
    chambers = [
        _chamber(one, numbers.get((one.source, one.equipment), 0), open_ones.get((one.source, one.equipment)))
        for one in state.equipment
    ]
    return Fleet(chambers, state.waiting, waiting)


def _chamber(one: LiveEquipment, number: int, alarms: Counter[ProblemSeverity] | None) -> FleetChamber:
    if alarms is None:
        return FleetChamber(number, one, 0, None)
    return FleetChamber(number, one, alarms.total(), min(alarms, key=WORST_FIRST.index))
