"""Training: the objective, the loop, the backbone it starts from, checkpoints."""
