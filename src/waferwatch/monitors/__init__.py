"""Monitors: learnt from golden sets, kept true by rebase, drift, verdicts and replay. Nothing here knows a database."""
