"""New levels after a maintenance, learnt by themselves once enough good wafers have come."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import Counter

import pandas as pd

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.jobs.monitors.rebasing import RebaseWish, rebase_version
from waferwatch.live.database.connection import LiveDatabase
from waferwatch.live.learning.from_rows import MOST_ROWS, frame_of, live_table
from waferwatch.live.learning.good_rows import good_rows
from waferwatch.live.learning.maintenance import Maintenance, MaintenanceMark
from waferwatch.live.log.reading import LoggedRows, every_equipment, logged, rows_up_to
from waferwatch.live.scoring.passes import passes_of
from waferwatch.live.scoring.watched import WatchedModel, WatchedModels
from waferwatch.models.levels import BLOCK
from waferwatch.monitors.levels.settling import FEWEST
from waferwatch.store.store import Store

USER = "live"
_log = logging.getLogger("waferwatch.live")


class LiveRebase:
    """Brings the version in use to the level after a maintenance, as ``waferwatch monitors rebase`` does.

    Only good rows of the equipment that was in maintenance are looked at (:func:`good_rows`); what the rule of
    :mod:`waferwatch.monitors.rebase.absorb` refuses stays as unusual as it was. It waits until some recipe has five
    good wafers; recipes with fewer keep their levels. The version of before stays.

    Args:
        activate: the new version scores from then on; otherwise it waits as a draft.
    """

    def __init__(
        self,
        database: LiveDatabase,
        store: Store,
        models: WatchedModels,
        maintenance: Maintenance,
        *,
        activate: bool,
    ) -> None:
        self._database = database
        self._store = store
        self._models = models
        self._maintenance = maintenance
        self._activate = activate

    def look(self) -> None:
        """Learn the levels after every maintenance that has enough good wafers behind it."""
        for mark in self._maintenance.waiting():
            try:
                title = self._rebase(mark)
            except WaferwatchError as error:
                _log.warning("no levels were learnt after the maintenance of %s: %s", mark.equipment, error)
                self._maintenance.not_rebased(mark, json.dumps([error.message_template, error.values], default=str))
            else:
                if title is not None:
                    _log.info("the levels of %s after its maintenance are those of %s", mark.equipment, title)
                    self._maintenance.rebased(mark, title)

    def _rebase(self, mark: MaintenanceMark) -> str | None:
        """Name and number of the version with the levels of now; None while good wafers are missing."""
        with self._database.reading() as connection:
            watched, rows = self._rows(connection, mark)
        if watched is None:
            raise InputError("No monitor watches {equipment}.", hint="Name one.", equipment=mark.equipment)
        wafers = [one for some in rows for one in passes_of(some) if one.ended]
        blocks = sum(len(one) for one in rows) // BLOCK
        count, most = len(wafers), max(Counter(one.recipe for one in wafers).values(), default=0)
        if not wafers:
            count, most = blocks, blocks
        if count < mark.quiet or most < FEWEST:
            return None
        table = live_table(pd.concat([frame_of(mark.equipment, one) for one in rows], ignore_index=True))
        wish = RebaseWish(wafers=count, activate=self._activate, only_moved=True)
        made = rebase_version(self._store, watched.title, table, wish, USER)
        if self._activate:
            with self._database.reading() as connection:
                self._models.refresh(connection)
        return made.title

    def _rows(
        self, connection: sqlite3.Connection, mark: MaintenanceMark
    ) -> tuple[WatchedModel | None, list[LoggedRows]]:
        """What scores the equipment, and its good rows since the end of the maintenance, of each source."""
        watched, found = None, []
        for one in every_equipment(connection):
            if one.name == mark.equipment and mark.ended is not None:
                watched = watched or self._models.of(one)
                rows = logged(one.id, one.sensors, rows_up_to(connection, one.id, one.position, MOST_ROWS))
                good = good_rows(connection, one.name, rows) & (rows.received >= mark.ended)
                found.append(rows.at(good))
        return watched, [one for one in found if len(one)]
