"""What a browser is given: templates, static files, sentences and numbers in its language."""
