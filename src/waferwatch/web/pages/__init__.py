"""The pages and their part of the HTTP API, one folder each. No page imports from another."""
