"""What tests of backfills share."""

from __future__ import annotations

from waferwatch.scale.engines import local

# Each worker loads the main module, which is pytest here: once for all of them.
local._LOADED.append("pytest")
