"""Figures that hold detectors next to each other."""
