"""What leaves waferwatch as files: rows, events, and pictures for a report."""
