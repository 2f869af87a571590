"""Delivery: what alarms bring is written with them, and sent at least once."""
