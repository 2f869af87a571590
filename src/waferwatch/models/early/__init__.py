"""A detector that looks at nothing but rows that have come: what raises an alarm within a second."""
