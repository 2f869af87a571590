"""Files that visitors send, and files made for them."""
