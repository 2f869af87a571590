"""What to learn from: golden rows, how much they cover, and what verdicts of engineers add to or take from them."""
