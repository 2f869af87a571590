"""Detection by what a model has learnt."""
