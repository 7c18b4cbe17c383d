"""A network aims at targets; what a shot costs is known only to the air through which it flies."""

from collections.abc import Callable
from math import pi

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Composite, Domain, Objective, problem

from .dense import Dense

GRAVITY, TERMINAL = 9.81, 30.0  # m/s^2, and m/s: the speed beyond which a falling ball gains no more
TOP_SPEED = 50.0  # m/s, at the muzzle
MIDDLE, REACH = (35.0, 0.0, 7.0), (25.0, 8.0, 5.0)  # of distance (m), wind (m/s) and height (m)
UNIT = 10.0  # m: a miss by that much costs 1
STEP = 0.25  # s, of the flight

State = tuple[Array, ...]  # distance and height, and their velocities


@problem(
    family="control",
    source="Newton 1687, Principia, book 2: drag as the square of the speed; Borghi 2012, arXiv:1211.0840: the flight",
)
def ballistics(shots: int = 100, widths: tuple[int, ...] = (8,), instance: int = 1) -> Objective:
    """Aim a mortar on a tower: a network sees the target's distance, the wind and the tower's height, and gives the
    elevation and the speed of the shot. A shot costs its squared miss, in units of 10 m; f is the mean over all shots.

    Targets are from 10 to 60 m away, the wind blows at most 8 m/s either way, towers are from 2 to 12 m high; drag is
    proportional to the squared speed through the air. x is the weights and the offsets, layer by layer, of a network
    with tanh units; widths: of each hidden layer, one at least. As a composite problem, e moves what the network puts
    out, of which half of 1 + tanh is the fraction of 90 degrees and of 50 m/s. The instance is the shots; as many
    others are held out.
    """
    if shots < 1:
        raise ValueError(f"shots must be >= 1, got {shots}")
    if not widths or min(widths) < 1:
        raise ValueError(f"widths must be one or more numbers >= 1, got {widths}")
    network = Dense((3, *widths, 2))
    rng = np.random.default_rng(instance)
    shown, held_out = ({"inputs": rng.uniform(-1, 1, (shots, 3))} for _ in range(2))
    return Objective(
        formula=mean_cost,
        composite=Composite(network=aim, play=play, outputs=2),
        constants={"network": network},
        dim=network.dim,
        order=0,
        domain=Domain(scale=0.3),
        start=network.initial,
        data=shown,
        test=held_out,
        metrics={"test_miss": mean_miss},
        shapes=network.shapes,
    )


def mean_cost(x: Array, inputs: Array, network: Dense) -> Array:
    """Mean squared miss in units of 10 m: x (*points, dim), inputs (N, 3) -> (*points)."""
    return ((misses(aim(x, inputs, network), inputs) / UNIT) ** 2).mean(-1)


def mean_miss(x: Array, inputs: Array, network: Dense) -> Array:
    """Mean miss in metres, either way: x (*points, dim), inputs (N, 3) -> (*points)."""
    return abs(misses(aim(x, inputs, network), inputs)).mean(-1)


def play(x: Array, e: Array, inputs: Array, network: Dense) -> tuple[Array, Array]:
    """Shots with e (*points, N, 2) added to what the network puts out -> costs (*points, N), inputs (*points, N, 3)."""
    costs = (misses(aim(x, inputs, network) + e, inputs) / UNIT) ** 2
    return costs, array_namespace(x).broadcast_to(inputs, (*costs.shape, 3))


def aim(x: Array, inputs: Array, network: Dense) -> Array:
    """What the network puts out: x (*points, dim), inputs (N, 3) or (*points, N, 3) -> (*points, N, 2)."""
    return network.outputs(x, inputs)


def misses(outputs: Array, inputs: Array) -> Array:
    """How far beyond its target each shot comes down, in metres: outputs (*points, N, 2), inputs (N, 3) ->
    (*points, N)."""
    xp = array_namespace(outputs)
    elevation, speed = (0.5 * (1 + xp.tanh(outputs[..., i])) * full for i, full in ((0, pi / 2), (1, TOP_SPEED)))
    distance, wind, height = (MIDDLE[i] + REACH[i] * inputs[..., i] for i in range(3))
    return landing(elevation, speed, wind, height) - distance


def landing(elevation: Array, speed: Array, wind: Array, height: Array) -> Array:
    """Where shots from a tower hit the ground, in metres: arrays that broadcast (rad, m/s, m/s, m) -> one array.

    By the method of Runge and Kutta; its last step, from below the ground up to it, has the height in place of time
    (Hénon 1982, doi:10.1016/0167-2789(82)90034-3). Exact to 2 mm.
    """
    xp = array_namespace(speed)
    zero = 0 * (elevation + wind)
    state = (zero, height + zero, speed * xp.cos(elevation) + zero, speed * xp.sin(elevation) + zero)

    def rates(state: State) -> State:
        """Velocities and accelerations: gravity, and drag, which equals it at the terminal speed."""
        _, _, across, up = state
        air = across - wind
        drag = GRAVITY / TERMINAL**2 * (air * air + up * up) ** 0.5
        return across, up, -drag * air, -GRAVITY - drag * up

    def rates_by_height(state: State) -> State:
        change = rates(state)
        return tuple(part / change[1] for part in change)

    while bool((state[1] > 0).any()):
        flying, ahead = state[1] > 0, runge_kutta(rates, state, STEP)
        state = tuple(xp.where(flying, new, old) for new, old in zip(ahead, state, strict=True))
    return runge_kutta(rates_by_height, state, -state[1])[0]


def runge_kutta(rates: Callable[[State], State], state: State, step: Array) -> State:
    """One step of the classical method of order 4. Source: Kutta 1901, Z. Math. Phys. 46, 435-453."""

    def moved(by: Array, slope: State) -> State:
        return tuple(part + by * change for part, change in zip(state, slope, strict=True))

    k1 = rates(state)
    k2 = rates(moved(step / 2, k1))
    k3 = rates(moved(step / 2, k2))
    k4 = rates(moved(step, k3))
    return moved(step / 6, tuple(a + 2 * (b + c) + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True)))
