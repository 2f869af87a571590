"""Parquet files: read batch by batch, after a look at the sizes of their pages."""
