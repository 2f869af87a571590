"""What clears away, limits and watches over what is kept."""
