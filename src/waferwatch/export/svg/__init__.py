"""Plotly figures as still pictures, drawn without a browser: for reports that need no script."""
