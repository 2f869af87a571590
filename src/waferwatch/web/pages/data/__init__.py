"""The Data page: upload, list, look at and correct data sets."""
