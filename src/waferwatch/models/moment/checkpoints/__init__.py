"""Checkpoints: found, checked, imported, exported and tuned. The embedded one lies in `embedded`."""
