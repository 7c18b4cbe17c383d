"""Discrete and mixed problems: bits, permutations, whole numbers beside real ones, and the settings of a classifier."""
