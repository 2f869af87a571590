"""Indicators of wafers, their limits, verdicts and problems."""
