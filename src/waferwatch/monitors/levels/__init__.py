"""Where each sensor stands in each step, compared with what the model learnt."""
