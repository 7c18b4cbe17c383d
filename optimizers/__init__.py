"""Optimizers, one idea per file; every module here is found and registered by `bench.core.registry.load`."""
