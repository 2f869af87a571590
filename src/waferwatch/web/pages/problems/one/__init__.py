"""The page of one problem."""
