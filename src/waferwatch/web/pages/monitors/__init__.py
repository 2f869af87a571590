"""The Monitors page, and monitors over HTTP."""
