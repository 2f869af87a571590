"""Plotly figures as plain dictionaries: quick to make, and free of colours that belong to the page's theme."""
