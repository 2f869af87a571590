"""The default detector: features of rows, each calibrated on reference blocks left out of learning, one vote each."""
