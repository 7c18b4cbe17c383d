"""Data of other benchmark suites: written in their formats, read from them."""
