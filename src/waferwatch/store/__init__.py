"""What is kept: data sets on disk, recent tables in memory."""
