"""What learns from a reference and scores rows: the contract, the detectors behind it, and saved models."""
