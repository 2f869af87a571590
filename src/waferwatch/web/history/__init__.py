"""The Runs page: what was detected before, and exports of it."""
