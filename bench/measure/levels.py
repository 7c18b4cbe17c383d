"""The thresholds of all verdicts: levels of tests, coverage of intervals, and how many runs they need."""

COVERAGE = 0.95  # nominal, of intervals
NORMAL = 1.959964  # standard errors on each side of a mean, of an interval with this coverage
LEVEL = 1 - COVERAGE  # of a test, after the adjustment for many
FEWEST = 5  # runs from which an interval is given
FEWEST_DIMS = 3  # from which an exponent is given
FLOOR = 1e-9  # gaps below it are shown as it: rounding error beside the hardest target
QUICK = 1e-4  # seconds that a value takes, below which rankings by seconds are of the caller, not of the method
LATE = 10**0.1  # a runtime read at ten checkpoints a decade of cost is up to this factor above the true one
HALVES = 2.0  # the same at checkpoints at halves of the budget, by which runs on a user's noisy function are judged
PERMUTATIONS = 400  # exchanges of optimizers, with which the largest difference of a comparison is compared
CURVES = 199  # such exchanges, where whole curves are compared
FAILED = 0.01  # of the evaluations of a problem, above which the page says below its answer how many failed
RACE_LEVEL = 0.033  # of a race over all its rounds: below LEVEL, as results that spread unequally take more
EXCHANGES = 10_000  # of a race, from which its bounds follow
