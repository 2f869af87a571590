"""Rows counted, compared and laid over one another by where in the fab they come from. Pure functions."""
