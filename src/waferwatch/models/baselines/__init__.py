"""Detectors to compare with, as published."""
