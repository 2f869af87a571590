"""Where live rows come from. Each source hands its rows to the log, and acknowledges them once they are on the disk."""
