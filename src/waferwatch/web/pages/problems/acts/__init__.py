"""What people do with problems, one or several at once."""
