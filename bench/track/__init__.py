"""Regression tracking: whether optimizers got worse from one version to the next."""
