"""The virtual fab: etch chambers that run recipes, with and without faults, as a table."""
