"""Where an event lies in its series, and how much around it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import NotFoundError
from waferwatch.events.event import Event
from waferwatch.explain.scene import Scene
from waferwatch.series.series import Series

LEAST_AROUND, MOST_AROUND = 60, 1000  # points shown on either side of an event, which are else as many as it has


@dataclass(frozen=True)
class Spot:
    """An event in its series."""

    event: Event
    stretch: Series  # without values
    first: int  # position of the event's first point in the stretch
    last: int
    view: slice  # positions shown: the event and what is around it

    @property
    def span(self) -> slice:
        return slice(self.first, self.last + 1)

    @property
    def points(self) -> int:
        """From the first to the last point of the event, those between flagged ones too."""
        return self.last + 1 - self.first

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the event in the table, in time order."""
        return self.stretch.rows[self.span]

    @property
    def view_rows(self) -> NDArray[np.int64]:
        return self.stretch.rows[self.view]


def spot_of(scene: Scene, number: int) -> Spot:
    """The event of this number.

    Raises:
        NotFoundError: when the detection has no such event (any more).
    """
    events = scene.found.events
    if not 1 <= number <= len(events):
        raise NotFoundError(
            "This run has no event {event}.",
            hint="It has {count} events; a moved threshold may have changed their numbers.",
            field="event",
            event=number,
            count=len(events),
        )
    event = events[number - 1]
    stretch = scene.layout.stretches[int(scene.layout.owner[event.start_row])]
    first, last = (int(scene.layout.position[row]) for row in (event.start_row, event.end_row))
    if scene.layout.owner[event.end_row] != scene.layout.owner[event.start_row]:
        last = len(stretch) - 1  # it goes on in another stretch, of which nothing is shown here
    around = int(np.clip(last + 1 - first, LEAST_AROUND, MOST_AROUND))
    return Spot(event, stretch, first, last, slice(max(0, first - around), min(len(stretch), last + 1 + around)))
