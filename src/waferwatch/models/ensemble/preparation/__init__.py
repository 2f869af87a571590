"""Series brought into the form that features are computed from."""
