"""The page that explains one event, and what engineers say of it."""
