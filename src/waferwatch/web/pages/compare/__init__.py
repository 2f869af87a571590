"""The Compare page: detectors beside each other on the same data."""
