"""Chambers compared with one another."""
