"""What live monitoring learns: which rows are good, monitors from them, new levels after a maintenance."""
