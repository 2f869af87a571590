"""Pictures of problems, drawn on the server."""
