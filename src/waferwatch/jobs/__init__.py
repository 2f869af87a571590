"""Work that takes long: queued, one job at a time per core, with progress and cancel."""
