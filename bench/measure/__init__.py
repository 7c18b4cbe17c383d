"""Statistics of stored runs: pure functions from frames to frames, without files, drawing or optimizers."""
