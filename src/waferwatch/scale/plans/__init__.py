"""From a place full of files to a plan of units."""
