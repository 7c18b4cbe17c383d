"""Ranges of hyperparameters, checked before the first question."""

from math import isfinite


def positive(**values: float) -> None:
    """Raise ValueError for the first of the named values that is not positive and finite."""
    for name, value in values.items():
        if not (value > 0 and isfinite(value)):
            raise ValueError(f"{name} must be positive and finite, got {value}")


def fraction(**values: float) -> None:
    """Raise ValueError for the first of the named values that is not in [0, 1)."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be in [0, 1), got {value}")


def at_least(least: float, **values: float) -> None:
    """Raise ValueError for the first of the named values that is below `least` or not finite."""
    for name, value in values.items():
        if not (value >= least and isfinite(value)):
            raise ValueError(f"{name} must be finite and >= {least}, got {value}")
