"""Regression tracking: whether optimizers got worse from one version to the next."""

KEY = "fogbench"  # of the figures in the extra_info of a benchmark
