"""The web application: one page and its HTTP API."""
