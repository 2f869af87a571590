"""Hanging up. secsgem 0.3 waits for ever when a listening side is switched off just as its connection ends."""

from __future__ import annotations

import threading
from typing import Any

PATIENCE_S = 5.0


def hang_up(handler: Any) -> None:
    """Switch a handler off, and wait no longer than a moment for it."""
    ending = threading.Thread(target=handler.disable, name="secs-ending", daemon=True)
    ending.start()
    ending.join(PATIENCE_S)
