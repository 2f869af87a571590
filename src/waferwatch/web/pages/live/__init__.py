"""Live rows over HTTP."""
