"""What is answered about a finished detection, shared by the pages."""
