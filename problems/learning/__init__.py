"""Learning: f is the mean loss of a model over data, x its parameters in one flat vector."""
