"""Regression tracking: whether optimizers got worse from one version to the next."""

KEY = "fogbench"  # of the figures in the extra_info of a benchmark
WITH = "with"  # among the versions of a run: what `run --with` asked for, which stands there under its library, too
