"""Two classes in a plane, or in a space, that are drawn from a formula: inputs (N, features) and classes (N,)."""

from math import pi

import numpy as np

Table = tuple[np.ndarray, np.ndarray]


def moons(instance: int, rows: int, noise: float = 0.1) -> Table:
    """Two half circles of radius 1 that reach into each other, and normal noise: rows (N, 2), classes by turns.

    The upper one is (cos t, sin t), the lower (1 - cos t, 1/2 - sin t), t uniform in [0, pi].
    """
    rng = np.random.default_rng(instance)
    t, lower = rng.uniform(0, pi, rows), np.arange(rows) % 2
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    circles = np.where(lower[:, None] == 1, np.array([1.0, 0.5]) - upper, upper)
    return circles + noise * rng.standard_normal((rows, 2)), lower


def spirals(instance: int) -> tuple[Table, Table]:
    """Two spirals of three turns around each other, 97 points each, and the points half way between for the test.

    Point i lies at radius 6.5 (104 - i) / 104 and angle i pi / 16, and that of the other class opposite (Lang &
    Witbrock 1988). Instance 1 is theirs; the others are turned by a random angle.
    """
    turn = 0.0 if instance == 1 else np.random.default_rng(instance).uniform(0, 2 * pi)
    return _spirals(np.arange(97.0), turn), _spirals(np.arange(97.0) + 0.5, turn)


def _spirals(i: np.ndarray, turn: float) -> Table:
    radius, angle = 6.5 * (104 - i) / 104, i * pi / 16 + turn
    one = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return np.concatenate([one, -one]), np.repeat([0, 1], len(i))


def dichotomy(instance: int, points: int, inputs: int) -> Table:
    """Normal points (points, inputs), each in one of two classes by a coin.

    A plane, with an offset, tells the classes apart with probability 1 where points <= inputs + 1, 1/2 where points is
    twice inputs + 1, and in the limit of many inputs 0 beyond (Cover 1965).
    """
    rng = np.random.default_rng(instance)
    return rng.standard_normal((points, inputs)), rng.integers(2, size=points)
