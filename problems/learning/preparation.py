"""What is done to a split before a model sees it: the scaling of its inputs, wrong labels, and copies of its rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from .choices import check_choice
from .datasets import Split, split
from .features import Features, with_features

Scaling = Literal["raw", "shifted", "unbalanced", "standardised"]


def prepared(
    data: str,
    instance: int,
    *,
    scaling: str = "raw",
    features: Features = "none",
    label_noise: float = 0.0,
    copies: int = 1,
) -> Split:
    """An instance's split of the data with all factors applied. Held-out rows keep their labels and are not copied."""
    rows = with_features(scaled(with_standardised_targets(split(data, instance)), scaling), features, instance)
    return copied(mislabelled(rows, label_noise, instance), copies)


def with_standardised_targets(rows: Split) -> Split:
    """The split with targets that are real numbers in standard deviations from the mean of the training rows: the mean
    squared error is then the fraction of their variance that is not explained."""
    if rows.classes:
        return rows
    mean, deviation = rows.train["targets"].mean(), rows.train["targets"].std()
    train, test = ({**part, "targets": (part["targets"] - mean) / deviation} for part in (rows.train, rows.test))
    return replace(rows, train=train, test=test)


def scaled(rows: Split, scaling: str) -> Split:
    """The split with other inputs, each of which is moved and stretched alone, by what the training rows show of it.

    raw: as they are. standardised: mean 0, variance 1. shifted: from 99 to 101, so that all point in nearly the same
    direction (Hinton 2012, Neural networks for machine learning, lecture 6). unbalanced: mean 0, and standard
    deviations in equal ratios from 0.1 for the first to 10 for the last. An input that never varies becomes the middle.
    """
    check_choice("scaling", scaling, Scaling)
    inputs = rows.train["inputs"]
    if scaling == "raw":
        return rows
    if scaling == "shifted":
        low, high = inputs.min(0), inputs.max(0)
        middle, half = (low + high) / 2, np.where(high > low, (high - low) / 2, 1)
        return _mapped(rows, lambda x: 100 + (x - middle) / half)
    mean, deviation = inputs.mean(0, dtype=np.float64), inputs.std(0, dtype=np.float64)
    widths = np.geomspace(0.1, 10, rows.features) if scaling == "unbalanced" else 1.0
    return _mapped(rows, lambda x: widths * (x - mean) / np.where(inputs.max(0) > inputs.min(0), deviation, 1))


def _mapped(rows: Split, change: Callable[[np.ndarray], np.ndarray]) -> Split:
    train, test = ({**part, "inputs": change(part["inputs"])} for part in (rows.train, rows.test))
    return replace(rows, train=train, test=test, image=(0, 0))


def mislabelled(rows: Split, fraction: float, instance: int) -> Split:
    """The split with that fraction of the training rows, at random, put in a random other class.

    Source: Zhang et al. 2017, arXiv:1611.03530.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"label_noise must be in [0, 1], got {fraction}")
    if fraction == 0:
        return rows
    if not rows.classes:
        raise ValueError(f"label_noise must be 0 where targets are real numbers, got {fraction}")
    rng = np.random.default_rng([instance, 1])
    targets = rows.train["targets"].copy()
    wrong = rng.permutation(len(targets))[: round(fraction * len(targets))]
    targets[wrong] = (targets[wrong] + rng.integers(1, rows.classes, size=len(wrong))) % rows.classes
    return replace(rows, train={**rows.train, "targets": targets})


def copied(rows: Split, copies: int) -> Split:
    """The split with each training row that many times: f is the same, and a full evaluation costs as much more."""
    if copies < 1:
        raise ValueError(f"copies must be >= 1, got {copies}")
    return replace(rows, train={key: np.concatenate([part] * copies) for key, part in rows.train.items()})
