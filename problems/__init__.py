"""The problems: one family a file; every module below this package is found and registered by `bench.core.registry`."""
