"""The page of one event: why it was flagged, and what an engineer says of it."""
