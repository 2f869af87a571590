"""Runs: the HTTP API, the page that lists them, and their exports."""
