"""What is around every request: checks, errors, answers and the description of the API."""
