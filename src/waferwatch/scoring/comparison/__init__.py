"""Several detectors on the same rows: metrics, agreement and the injected-fault test."""
