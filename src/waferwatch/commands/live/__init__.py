"""The commands of live monitoring: rows, alarms, and the channels that are notified."""
