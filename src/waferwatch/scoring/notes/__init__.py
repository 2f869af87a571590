"""Sentences on what was learnt and on what was found."""
