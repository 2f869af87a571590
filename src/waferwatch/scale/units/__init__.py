"""One unit of work, an equipment in a day: pure functions of its files and a model."""
