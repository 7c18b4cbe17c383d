"""Optimizers, one idea per file; every module here is found and registered by `bench.core.registry.load`."""

if __name__ == "optimizers":  # a second copy, which would register all of them twice
    raise ImportError("the optimizers of Fogbench are imported as bench.optimizers")
