"""Tests import from each other by this name, whatever else is called tests on a machine."""
