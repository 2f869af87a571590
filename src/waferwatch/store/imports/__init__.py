"""How uploaded files are read: import recipes, what was said of each file, and files that could not be read."""
