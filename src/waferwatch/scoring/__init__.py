"""A detection, or a comparison of several, over one table: the way in for library, command line and page."""
