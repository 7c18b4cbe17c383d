"""The thresholds of all verdicts: levels of tests, coverage of intervals, and how many runs they need."""

COVERAGE = 0.95  # nominal, of intervals
NORMAL = 1.959964  # standard errors on each side of a mean, of an interval with this coverage
LEVEL = 1 - COVERAGE  # of a test, after the adjustment for many
FISHER = 0.025  # one-sided, of Fisher's exact test on one problem
ERRORS = 2.5  # standard errors by which curves cross: equal methods do so by chance in at most 5 % of families
FEWEST = 5  # runs from which an interval is given
FEWEST_DIMS = 3  # from which an exponent is given
LATE = 10**0.1  # a runtime read at ten checkpoints a decade of cost is up to this factor above the true one
