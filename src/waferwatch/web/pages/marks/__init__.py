"""What people marked on the time of a data set."""
