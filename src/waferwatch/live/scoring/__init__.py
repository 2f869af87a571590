"""Scores of rows as they come: early ones at once, settled ones later, verdicts on wafers at their end."""
