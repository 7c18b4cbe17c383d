"""Which optimizer for a simulation that is slow, noisy and fails, of seven real numbers, two whole ones and a category?

`python examples/simulation.py` compares the default candidates on it, and what they find with the truth that is planted
here: the optimum is known, and so is the value there without noise. Writes reports/simulation.
"""

from collections.abc import Callable, Sequence
from math import log
from time import perf_counter, sleep
from typing import Any

import numpy as np

import bench

NOZZLES = ("jet", "cone", "slot", "ring")
START = {
    "pressure": 5e4, "flow": 2e-4, "gap": 1e-5, "temperature": 290.0, "speed": 2500.0, "angle": 40.0, "ratio": 0.8,
    "valves": 9, "stages": 1, "nozzle": "jet",
}  # fmt: skip
BOUNDS = {
    "pressure": (1e4, 1e7), "flow": (1e-5, 1e-1), "gap": (1e-6, 1e-3), "temperature": (270, 420), "speed": (100, 3000),
    "angle": (0, 45), "ratio": (0, 1), "valves": (1, 12), "stages": (1, 6),
}  # fmt: skip
LOG = ("pressure", "flow", "gap")
OPTIMUM = {
    "pressure": 4e5, "flow": 3e-3, "gap": 6e-5, "temperature": 350.0, "speed": 900.0, "angle": 12.0, "ratio": 0.35,
    "valves": 5, "stages": 3, "nozzle": "cone",
}  # fmt: skip
MINIMUM, NOISE, FAILING = 2.0, 0.02, 0.03


def truth(**x: Any) -> float:
    """The cost without noise: a bowl in the coordinates between their bounds, whose axes are not those of the
    coordinates, and whose bottom, of MINIMUM, is at OPTIMUM."""

    def place(name: str, value: float) -> float:
        low, high = BOUNDS[name]
        return log(value / low) / log(high / low) if name in LOG else (value - low) / (high - low)

    u = np.array([place(name, x[name]) - place(name, OPTIMUM[name]) for name in BOUNDS])
    beside = 0.15 * abs(NOZZLES.index(x["nozzle"]) - NOZZLES.index(OPTIMUM["nozzle"]))
    return MINIMUM + float(4 * (u**2).sum() + 2 * u.sum() ** 2) + beside


def simulation_of(seconds: float) -> Callable[..., float]:
    """A simulation that takes so long."""

    def simulation(**x: Any) -> float:
        sleep(seconds)
        rng = np.random.default_rng()
        if rng.random() < FAILING:
            raise RuntimeError("the solver did not converge")
        return truth(**x) + NOISE * rng.standard_normal()

    return simulation


def compared(seconds: float = 0.05, *, budget: int = 300, optimizers: Sequence[str] = (), **options: Any) -> Any:
    """The results of `bench.compare`."""
    return bench.compare(
        simulation_of(seconds),
        START,
        bounds=BOUNDS,
        log=LOG,
        integers=["valves", "stages"],
        categories={"nozzle": NOZZLES},
        noise=True,
        budget=budget,
        optimizers=optimizers,
        **options,
    )


if __name__ == "__main__":
    began = perf_counter()
    best = compared(workers=2, seeds=5, name="simulation").best()
    print(f"\n{perf_counter() - began:.0f} s. The best point is {best.x}")
    print(f"Without noise it costs {truth(**best.x):.3f}; the start {truth(**START):.3f}, the optimum {MINIMUM:.3f}.")
