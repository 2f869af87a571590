"""Indicators of a judged table, wafer by wafer: where to look, one value after the other, and the trace behind it."""
