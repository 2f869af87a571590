"""The rows of golden sets as files, so that a monitor can be learnt again with more of them."""

from __future__ import annotations

import secrets

from waferwatch.errors import DamagedError
from waferwatch.read.table import Table
from waferwatch.settings import Settings
from waferwatch.store.disk import folders
from waferwatch.store.disk.tables import load_table, save_table

_ROWS = "rows"


class GoldenFiles:
    """The golden rows of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "golden"

    def clean(self) -> None:
        folders.clean(self.folder)

    def put(self, table: Table) -> str:
        """Write rows under a new id. They are on the disk when this returns, and removed later unless ``confirm``.

        Raises:
            StorageFullError: when the disk is full or cannot be written. Nothing is left behind then.
        """
        golden_id = secrets.token_hex(8)
        with folders.whole(self.folder / golden_id) as folder:
            save_table(table, folder, _ROWS)
        return golden_id

    def confirm(self, golden_id: str) -> None:
        """The database names the rows now."""
        folders.confirm(self.folder / golden_id)

    def load(self, golden_id: str, title: str) -> Table:
        """
        Args:
            title: of the golden set, for messages.

        Raises:
            DamagedError: when the rows are gone, or are not what was written.
        """
        try:
            table = load_table(self.folder / golden_id, _ROWS, title)
        except DamagedError as error:
            raise _lost(title) from error
        if table is None:
            raise _lost(title)
        return table

    def remove(self, golden_id: str) -> None:
        """
        Raises:
            StorageFullError: when the disk cannot be written.
        """
        folders.remove(self.folder / golden_id)


def _lost(title: str) -> DamagedError:
    return DamagedError(
        "The rows of the golden set {golden} are missing or damaged on the server.",
        hint="Learn the monitor again from its files.",
        field="golden",
        golden=title,
    )
