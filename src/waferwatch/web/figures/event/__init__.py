"""Figures of one event."""
