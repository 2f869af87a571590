"""The durable log: what is acknowledged is on the disk, once."""
