"""The Compare page: detectors next to each other on the same data."""
