"""Text to rows: encoding, lines, delimiter, header, and what does not fit."""
