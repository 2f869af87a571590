"""Monitors, their versions, their golden sets and their models."""
