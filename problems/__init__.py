"""The problems: one family a file; every module below this package is found and registered by `bench.core.registry`."""

if __name__ == "problems":  # a second copy, which would register all of them twice
    raise ImportError("the problems of Fogbench are imported as bench.problems")
