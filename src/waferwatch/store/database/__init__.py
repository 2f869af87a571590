"""The connection to SQLite or PostgreSQL, and the tables in it."""
