"""What is done with monitors: learn, rebase, learn false alarms, replay, detect. Used by jobs and the command line."""
