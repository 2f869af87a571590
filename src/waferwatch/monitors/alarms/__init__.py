"""How often a monitor gives a false alarm: equipment-hours, counted rates, and two models on the same rows."""
