"""How good the data of a table are, and what should be looked at."""
