"""The Detect page and the runs behind it."""
