"""One SQLite file for everything that is live: what one transaction changes, a crash cannot tear apart."""
