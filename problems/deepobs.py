"""DeepOBS's stochastic quadratic. `python -m bench.problems.deepobs` prints its published results beside ours."""

from itertools import islice
from math import pi
from typing import Literal

import numpy as np

from bench.core import Array, Domain, Objective, Oracle, problem
from bench.core.oracle import books_of
from bench.core.registry import PROBLEMS

from .instances import transform

SOURCE = "Schneider, Balles & Hennig 2019, arXiv:1903.05499"
DIM, ROWS, NOISE, BATCH = 100, 1000, 0.6, 128


@problem(family="quadratic", source=SOURCE)
def quadratic_deep(
    sampling: Literal["same", "shuffle"] = "same", remainder: bool = False, instance: int = 1
) -> Objective:
    """Mean over 1,000 points of 1/2 (x - point)^T Q (x - point) in 100 dimensions, with the spectrum of a deep network.

    Of Q's eigenvalues 90 are uniform in [0, 1] and 10 in [30, 60], on random axes; the points are normal, 0.6 wide. The
    start is (1, ..., 1). `test_loss` is over the first 896 of 1,000 more points: DeepOBS drops there, too, what does
    not fill a batch of 128. Minimum at the points' mean.
    sampling, remainder: of mini-batches. As published, DeepOBS's runs go through the batches of the first epoch in
    every epoch ("same") and drop what does not fill one: of batches of 128, 104 points are never seen.
    Instance 1 is DeepOBS's own, of seeds 42 (Q and points) and 43 (test points); instance k of 40 + 2 k and 41 + 2 k.
    """
    seed = 40 + 2 * instance
    rng = np.random.RandomState(seed)
    eigenvalues = np.concatenate([rng.uniform(0.0, 1.0, 90), rng.uniform(30.0, 60.0, 10)])
    axes = random_rotation(rng, DIM)
    train, test = (np.random.RandomState(s).normal(0.0, NOISE, (ROWS, DIM)) for s in (seed, seed + 1))
    x_opt = train.mean(0)
    constants = {"eigenvalues": eigenvalues, "axes": axes}
    data = {"points": transform(axes, train)}
    return Objective(
        formula=mean_bowl,
        gradient=mean_bowl_gradient,
        constants=constants,
        dim=DIM,
        domain=Domain(scale=NOISE),
        start=lambda _: np.ones(DIM),
        f_opt=float(mean_bowl(x_opt, **constants, **data)),
        x_opt=x_opt,
        data=data,
        test={"points": transform(axes, test)[: ROWS // BATCH * BATCH]},
        metrics={"test_loss": mean_bowl},
        sampling=sampling,
        remainder=remainder,
    )


def random_rotation(rng: np.random.RandomState, dim: int) -> np.ndarray:
    """A rotation (dim, dim), uniform over all, one dimension after the other: each reflects the first axis to a random
    direction. Source: Diaconis & Shahshahani 1987, doi:10.1017/S0269964800000255, with DeepOBS's order of draws.
    """
    angle = 2 * pi * rng.uniform()
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for size in range(3, dim + 1):
        direction = rng.normal(size=size)
        mirror = np.eye(size)[0] - direction / np.linalg.norm(direction)
        mirror /= np.linalg.norm(mirror)
        larger = np.eye(size)
        larger[1:, 1:] = rotation
        rotation = larger - 2 * np.outer(mirror, mirror @ larger)
    return -rotation


def mean_bowl(x: Array, points: Array, eigenvalues: Array, axes: Array) -> Array:
    """Mean of 1/2 (x - point)^T Q (x - point): x (*shape, dim), points (N, dim) in the coordinates of Q's axes.

    It is the bowl around the points' mean, raised by their spread.
    """
    middle = points.mean(-2)
    spread = ((points - middle[..., None, :]) ** 2).mean(-2)
    return 0.5 * (eigenvalues * ((transform(axes, x) - middle) ** 2 + spread)).sum(-1)


def mean_bowl_gradient(x: Array, points: Array, eigenvalues: Array, axes: Array) -> Array:
    """The gradient of `mean_bowl`: x (*shape, dim) -> (*shape, dim)."""
    return transform(axes.mT, eigenvalues * (transform(axes, x) - points.mean(-2)))


INITIAL = 353.44676  # published test loss at the start
PUBLISHED = {  # learning rate; published test loss after 100 epochs: mean and standard deviation over 10 seeds
    "momentum": (2.512e-3, 87.045, 0.024),
    "adam": (3.981e-2, 87.112, 0.023),
    "sgd": (1.585e-2, 87.398, 0.160),
}


def test_losses(name: str, sampling: Literal["same", "shuffle"], seeds: int = 10, epochs: int = 100) -> np.ndarray:
    """The test losses (2, seeds) before and after training by the method of that name, in batches of 128 points."""
    import torch

    rate = PUBLISHED[name][0]
    objective = PROBLEMS["quadratic-deep"].make(sampling=sampling)
    oracle = Oracle([objective] * seeds, budget=3 * epochs, seed=range(seeds), order=1, arrays="torch")
    x = oracle.x0
    rule = {
        "momentum": lambda: torch.optim.SGD([x], lr=rate, momentum=0.99),
        "adam": lambda: torch.optim.Adam([x], lr=rate),
        "sgd": lambda: torch.optim.SGD([x], lr=rate),
    }[name]()
    with oracle:
        oracle.recommend(x)
        for batch in islice(oracle.minibatches(BATCH), epochs * (ROWS // BATCH)):
            x.grad = batch.gradient(x)
            rule.step()
    return np.array([[ledger.events[at][-1] for ledger in books_of(oracle).ledgers] for at in (0, -1)])


def table() -> str:
    """The published results, and ours with either order of batches: mean and standard deviation over 10 seeds."""
    rows: list[tuple[str, ...]] = [("test loss", "published", "same order", "shuffled")]
    for name, (_, mean, deviation) in PUBLISHED.items():
        same, shuffled = test_losses(name, "same"), test_losses(name, "shuffle")
        if len(rows) == 1:
            rows.append(("start", f"{INITIAL:.5f}", f"{same[0, 0]:.5f}", f"{shuffled[0, 0]:.5f}"))
        ours = (f"{losses[1].mean():.3f} +- {losses[1].std(ddof=1):.3f}" for losses in (same, shuffled))
        rows.append((name, f"{mean:.3f} +- {deviation:.3f}", *ours))
    return "\n".join("".join(f"{cell:<18}" for cell in row).rstrip() for row in rows)


if __name__ == "__main__":
    print(f"quadratic-deep, 10 seeds, 100 epochs; published: {SOURCE}")
    print(table())
