"""New levels learnt from good wafers after a maintenance."""
