"""Alarms: scores and verdicts become problems that somebody has to see, with a life in the words of ISA-18.2."""
