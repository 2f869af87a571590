"""Why an event was flagged: what was expected, which sensors, what normal looks like, what the sisters did."""
