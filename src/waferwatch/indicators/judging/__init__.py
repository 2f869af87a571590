"""The parts of a verdict: in which ways a wafer is off, and what leads."""
