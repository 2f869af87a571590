"""What golden wafers show, learnt once."""
