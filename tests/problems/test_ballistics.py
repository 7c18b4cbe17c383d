"""Shots through the air: against SciPy's integrator, Galilei's parabola, and by hand."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from bench.problems.control import ballistics

load(("bench.problems",))
make = find_problem("ballistics").make


def integrated(elevation: float, speed: float, wind: float, height: float) -> float:
    """Where a shot comes down, by SciPy: drag is weight at 30 m/s, and grows with the square."""

    def rates(_: float, state: np.ndarray) -> list[float]:
        across, up = state[2] - wind, state[3]
        drag = 9.81 * np.hypot(across, up) / 30**2
        return [state[2], state[3], -drag * across, -9.81 - drag * up]

    def ground(_: float, state: np.ndarray) -> float:
        return state[1]

    ground.terminal, ground.direction = True, -1
    first = [0, height, speed * np.cos(elevation), speed * np.sin(elevation)]
    return solve_ivp(rates, (0, 60), first, events=ground, rtol=1e-9, atol=1e-9).y_events[0][0][0]


def test_shots_land_where_a_finer_integrator_says() -> None:
    shots = np.random.default_rng(0).uniform([0, 0, -8, 2], [np.pi / 2, 50, 8, 12], (60, 4))
    shots[0] = [1.5, 40, -8, 7]  # steep, against the wind
    expected = [integrated(*shot) for shot in shots]
    np.testing.assert_allclose(ballistics.landing(*shots.T), expected, rtol=0, atol=2e-3)
    assert max(expected) > 60 > 0 > min(expected)  # the farthest target is in reach; the wind blows some shots back


def test_without_air_a_shot_is_a_parabola(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballistics, "TERMINAL", 1e9)
    elevation, speed, height = np.array([0.2, 0.8, 1.2]), np.array([10.0, 30.0, 50.0]), np.array([2.0, 7.0, 12.0])
    across, up = speed * np.cos(elevation), speed * np.sin(elevation)
    expected = across * (up + np.sqrt(up**2 + 2 * 9.81 * height)) / 9.81
    np.testing.assert_allclose(ballistics.landing(elevation, speed, 0 * speed, height), expected, atol=2e-3)


def test_the_cost_of_a_shot_is_its_squared_miss_in_units_of_10_m() -> None:
    objective = make(shots=3)
    x = np.zeros(objective.dim)  # outputs 0: 45 degrees and 25 m/s
    distance, wind, height = (35 + 25 * objective.data["inputs"][:, 0], *(objective.data["inputs"][:, 1:] * [8, 5]).T)
    hits = np.array([integrated(np.pi / 4, 25, w, 7 + h) for w, h in zip(wind, height, strict=True)])
    costs, inputs = Answers(objective, "numpy").play(x, np.zeros((3, 2)))
    np.testing.assert_allclose(costs, ((hits - distance) / 10) ** 2, rtol=2e-3)
    np.testing.assert_array_equal(inputs, objective.data["inputs"])
    assert objective.f(x) == pytest.approx(costs.mean(), rel=1e-12)
    assert Answers(make(), "numpy").metrics(x)["test_miss"] > 1


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_what_is_added_to_the_outputs_is_as_good_as_other_offsets(arrays: str) -> None:
    many = [make(instance=k) for k in (1, 2)]
    x = np.stack([[item.first_point(np.random.default_rng(seed)) for seed in range(3)] for item in many])
    e = np.broadcast_to([0.3, -0.4], (2, 3, 100, 2)).copy()
    moved = x.copy()
    moved[..., -2:] += [0.3, -0.4]
    given = (x, e, moved) if arrays == "numpy" else tuple(map(torch.tensor, (x, e, moved)))
    stacked = Answers(many, arrays)
    costs, inputs = stacked.play(given[0], given[1])
    np.testing.assert_allclose(costs.mean(-1), stacked.value(given[2]), rtol=1e-10)
    np.testing.assert_allclose(stacked.network(given[0], inputs) + given[1], stacked.network(given[2], inputs))
    assert np.abs(np.asarray(costs.mean(-1)) - np.asarray(stacked.value(given[0]))).min() > 1e-3


def test_the_pullback_is_the_limit_of_differences() -> None:
    ask, rng = Answers(make(), "numpy"), np.random.default_rng(0)
    x, step = rng.standard_normal((2, 4, ask.objective.dim))
    inputs, v = rng.standard_normal((4, 100, 3)), rng.standard_normal((4, 100, 2))
    ahead, behind = (ask.network(x + sign * 1e-6 * step, inputs) for sign in (1, -1))
    expected = (v * (ahead - behind)).sum((-2, -1)) / 2e-6
    np.testing.assert_allclose((ask.vjp(x, inputs, v) * step).sum(-1), expected, rtol=1e-6, atol=1e-6)


def test_hidden_layers_below_1_are_refused() -> None:
    for widths in ((), (3, 0)):
        with pytest.raises(ValueError, match="widths must be one or more numbers >= 1"):
            make(widths=widths)
