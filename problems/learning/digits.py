"""Scikit-learn's handwritten digits: 1,797 images of 8 x 8 pixels in ten classes, part of the library, no download."""

from functools import cache

import numpy as np

SOURCE = "digits: Alpaydin & Kaynak 1998, doi:10.24432/C50P49"
FEATURES, CLASSES = 64, 10
TRAIN_ROWS = 1437  # four fifths; 360 are held out

Rows = dict[str, np.ndarray]


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # takes more than a second to import

    grey, digits = load_digits(return_X_y=True)
    return np.asarray(grey / 16, dtype=np.float32), np.asarray(digits, dtype=np.int64)


def split(instance: int) -> tuple[Rows, Rows]:
    """The rows to train on and those held out, by the instance's random order.

    Each holds "inputs" (N, 64), grey values in [0, 1], and "targets" (N,), classes 0 ... 9.
    """
    inputs, targets = _images()
    order = np.random.default_rng(instance).permutation(len(targets))
    train, test = order[:TRAIN_ROWS], order[TRAIN_ROWS:]
    return {"inputs": inputs[train], "targets": targets[train]}, {"inputs": inputs[test], "targets": targets[test]}
