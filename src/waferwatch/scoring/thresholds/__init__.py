"""From scores to flags, and what a threshold promises."""
