"""Forms in which rows come: JSON, tables, topics, written times."""
