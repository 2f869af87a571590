"""What is kept: rows in a database, traces and results as Parquet files next to it."""
