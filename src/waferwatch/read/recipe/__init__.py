"""Import recipes: what is said of the form of a file, under a name, so that later files of the form use it."""
