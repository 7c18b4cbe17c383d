"""How many points can a network tell apart? Random dichotomies, with nothing to learn but the points themselves."""

from dataclasses import replace
from typing import Literal

import numpy as np

from bench.core import Objective, problem

from .datasets import Split, rows_of
from .networks import Network
from .synthetic import dichotomy
from .training import learner


@problem(family="learning", source="Cover 1965, doi:10.1109/PGEC.1965.264137", needs=("torch",))
def dichotomies(
    points: int = 60,
    inputs: int = 29,
    loss: Literal["hinge", "cross-entropy", "squared"] = "hinge",
    widths: tuple[int, ...] = (),
    l2: float = 0.0,
    instance: int = 1,
) -> Objective:
    """Normal points in a space of `inputs` dimensions, each in one of two classes by a coin: mean loss of a classifier
    that has to store them. Convex where it is linear.

    widths: units of hidden ReLU layers; none for a linear classifier. A plane separates the points always where there
    are at most inputs + 1 of them, and in half of the instances where there are twice as many. The metrics look at the
    same points: test_accuracy is the share that is stored. With the hinge, widths none and l2 = 0, the minimum is known
    from a linear program: 0 just where a plane separates them. Starts are normal: see `networks.initial`, kaiming.
    """
    for name, value in (("points", points), ("inputs", inputs)):
        if not 1 <= value <= 1000:
            raise ValueError(f"{name} must be >= 1 and <= 1000, got {value}")
    if widths and min(widths) < 1:
        raise ValueError(f"widths must be numbers >= 1, got {widths}")
    rows = rows_of(dichotomy(instance, points, inputs))
    objective = learner(Split(rows, rows, classes=2), Network((inputs, *widths, 2)), loss=loss, l2=l2)
    if loss != "hinge" or widths or l2:
        return objective
    f_opt, x_opt = least_hinge(**rows)
    return replace(objective, f_opt=f_opt, x_opt=x_opt)


def least_hinge(inputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """The least mean hinge of a linear classifier of two classes, and an x ((features + 1) * 2,) that has it.

    By linear programming: min mean(xi), where xi >= 0 and side (w . input + b) >= 1 - xi for each row.
    """
    from scipy.optimize import linprog

    n, features = inputs.shape
    plane = np.c_[inputs, np.ones(n)] * (2 * targets - 1)[:, None]
    found = linprog(
        c=np.r_[np.zeros(features + 1), np.full(n, 1 / n)],
        A_ub=-np.c_[plane, np.eye(n)],
        b_ub=-np.ones(n),
        bounds=[(None, None)] * (features + 1) + [(0, None)] * n,
    )
    half = found.x[: features + 1] / 2
    return float(found.fun), np.stack([-half, half], axis=1).ravel()  # outputs are 1/2 of it on either side
