"""The server process: connections, files, logs and counters."""
