"""The Groups page: anomalies by equipment, lot, recipe, step."""
