"""Rows handed to the log again and again until it has room for them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from waferwatch.errors import InputError, StorageFullError, TooManyError, WaferwatchError
from waferwatch.live.log.rows import LiveRow
from waferwatch.live.sources.buses.report import SourceReport
from waferwatch.live.sources.source import Taker

FULL_S = 1.0  # between two tries while the disk is full


def insist(
    taker: Taker,
    source: str,
    rows: Sequence[LiveRow],
    report: SourceReport,
    stop: threading.Event,
    marks: Mapping[str, int] | None = None,
) -> bool:
    """Hand rows over, and wait as long as the log is full or behind.

    Returns:
        Whether they are on the disk: False when ``stop`` was set first. Rows that can never be kept count as refused.
    """
    while True:
        try:
            accepted = taker.accept(source, rows, marks)
        except InputError as error:
            report.refused(str(error))
            return True
        except (TooManyError, StorageFullError) as error:
            report.waits(str(error))
            pause = error.seconds if isinstance(error, TooManyError) else FULL_S
        except WaferwatchError as error:
            report.refused(str(error))
            return True
        else:
            report.accepted(accepted.rows, accepted.duplicates)
            return True
        if stop.wait(pause):
            return False
