"""What the default detector computes for each point or run, and how far that lies from normal."""
