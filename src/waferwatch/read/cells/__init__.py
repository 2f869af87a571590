"""What the text of a cell says: kinds, values, the user's rules and the notes on them."""
