"""How scores and verdicts open, hold and end alarms."""
