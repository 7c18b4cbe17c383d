"""Stored runs as frames: of one folder, of several beside each other, and what optimizers are called in them."""
