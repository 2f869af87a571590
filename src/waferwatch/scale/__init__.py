"""A backfill over a fleet: a plan of work units, each scored by itself on any number of processes or machines."""
