"""Perturbed outputs and REINFORCE, by hand where the world is linear, and on problems of ours."""

import numpy as np
import pytest
import torch

from bench.core import Array, Composite, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.optimizers.composite_methods import blame, others
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))
DRAWS = 20_000
INPUTS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
COSTS = np.array([1.0, 2.0, -3.0])  # of a unit of output in each row or step
START = np.array([0.5, -1.0])


def network(x: Array, inputs: Array) -> Array:
    return (x[..., None, :] * inputs).sum(-1)[..., None]


def price(x: Array, e: Array, inputs: Array, costs: Array) -> tuple[Array, Array]:
    """Each row costs its price times its output, plus 100."""
    seen = inputs + 0 * x[..., None, :]
    return 100 + costs * (network(x, seen) + e)[..., 0], seen


def rows() -> Objective:
    """Three rows of data, f linear: its gradient is the mean of costs times inputs, (-2/3, -1/3)."""
    return Objective(
        lambda x, inputs, costs: price(x, 0 * x[..., None, :1], inputs, costs)[0].mean(-1),
        2,
        data={"inputs": INPUTS, "costs": COSTS},
        order=0,
        composite=Composite(network, price, outputs=1),
        name="rows",
    )


def episode(x: Array, e: Array, noise: Array | None = None) -> tuple[Array, Array]:
    """Three steps with the inputs above; the cost of each is the sum of all outputs up to it."""
    convert = (lambda a: torch.tensor(a)) if isinstance(x, torch.Tensor) else np.asarray
    seen = convert(INPUTS) + 0 * x[..., None, :]
    return (network(x, seen) + e)[..., 0].cumsum(-1), seen


def episodes() -> Objective:
    """f is the mean cost of the steps, so that the outputs weigh 3, 2 and 1 thirds: its gradient is (4/3, 1)."""
    return Objective(
        lambda x, noise=None: episode(x, 0 * x[..., None, :1])[0].mean(-1),
        2,
        noise=lambda rng, shape: rng.standard_normal(shape),
        order=0,
        composite=Composite(network, episode, outputs=1, steps=3),
        name="episodes",
    )


def first_gradient(name: str, objective: Objective, monkeypatch: pytest.MonkeyPatch, **given: object) -> np.ndarray:
    """The first estimate of a method at START."""
    import bench.optimizers.composite_methods as module

    definition, found = registry.find_optimizer(name), []

    class Seen(Exception):
        pass

    def descend(oracle: Oracle, estimate, lr: float, batch_size: int | None) -> None:
        found.append(np.asarray(estimate(oracle, oracle.x0)))
        raise Seen

    monkeypatch.setattr(module, "descend", descend)
    oracle = Oracle(objective, 1e6, start=START, arrays="torch", order=0)
    oracle.recommend(oracle.x0)
    with pytest.raises(Seen):
        definition.function(oracle, **(settings(definition, {}) | given))
    return found[0]


@pytest.mark.parametrize(
    "name, given",
    [
        ("output-perturbation-adam", {"pairs": DRAWS}),
        ("reinforce-adam", {"draws": DRAWS}),
        ("reinforce-adam", {"draws": DRAWS, "exploration": "gumbel"}),
    ],
)
@pytest.mark.parametrize("make, gradient", [(rows, [-2 / 3, -1 / 3]), (episodes, [4 / 3, 1.0])])
def test_the_estimate_is_the_gradient_in_the_mean(name, given, make, gradient, monkeypatch) -> None:
    """Where costs are linear in the outputs, by a mean over many draws of e.

    In episodes the costs to go in units of sigma are 3 z1 + 2 z2 + z3, 2 z1 + 2 z2 + z3 and z1 + z2 + z3. With z^2 of
    variance 2 and products of 1 (Gumbel's: z times its score 1.83, with another's 1.65) the three v_t have variances
    below 25, 14 and 6. Two of them, over 3 steps, make a coordinate: its standard deviation is below 2.5, and four
    standard errors of 20,000 draws below 0.071. In rows they are smaller.
    """
    found = first_gradient(name, make(), monkeypatch, sigma=0.5, **given)
    np.testing.assert_allclose(found, gradient, atol=0.071)


def test_blame_is_the_own_cost_of_a_row_and_the_costs_to_go_of_an_episode() -> None:
    costs = torch.tensor([[1.0, 2.0, 4.0]])
    np.testing.assert_array_equal(blame(Oracle(rows(), 1, arrays="torch"), costs), costs)
    np.testing.assert_array_equal(blame(Oracle(episodes(), 1, arrays="torch"), costs), [[7, 6, 4]])


def test_the_baseline_leaves_out_the_draw_itself() -> None:
    np.testing.assert_array_equal(others(torch.tensor([[1.0], [2.0], [6.0]])), [[4.0], [3.5], [1.5]])


def test_a_baseline_takes_away_what_all_draws_have_in_common(monkeypatch) -> None:
    """Costs of 100 more change no estimate, but for rounding."""

    def raised(x: Array, e: Array, inputs: Array, costs: Array) -> tuple[Array, Array]:
        plain, seen = price(x, e, inputs, costs)
        return plain + 1e4, seen

    higher = Objective(
        rows().formula, 2, data=rows().data, order=0, composite=Composite(network, raised, outputs=1), name="rows"
    )
    for name in ("reinforce-adam", "output-perturbation-adam"):
        plain, lifted = (first_gradient(name, item, monkeypatch) for item in (rows(), higher))
        np.testing.assert_allclose(plain, lifted, rtol=1e-8)


@pytest.mark.parametrize(
    "name, given, make, counts",
    [
        # one product for all draws of the same rows, one for each episode
        ("output-perturbation-adam", {"pairs": 2}, rows, (4, 1)),
        ("output-perturbation-adam", {"pairs": 2}, episodes, (4, 4)),
        ("reinforce-adam", {"draws": 3}, rows, (3, 1)),
        ("reinforce-adam", {"draws": 3}, episodes, (3, 3)),
    ],
)
def test_a_step_is_charged_as_said(name, given, make, counts) -> None:
    definition, objective = registry.find_optimizer(name), make()
    oracle = open_oracle(objective, definition, counts[0] + 2 * counts[1], 0, gap=-np.inf)
    assert play(oracle, definition.function, settings(definition, given | {"batch_size": None}), restarts=False) == ""
    assert (oracle.counts["value"], oracle.counts["vjp"]) == tuple(n * objective.rows for n in counts)


def final(problem: str, name: str, budget: float, seeds: int, parameters: dict | None = None, **given) -> np.ndarray:
    """Medians over seeds of what was last written down: the score, then the metrics."""
    definition = registry.find_optimizer(name)
    objective = registry.find_problem(problem).make(1, **(parameters or {}))
    oracle = open_oracle([objective] * seeds, definition, budget, list(range(seeds)), gap=-np.inf)
    assert play(oracle, definition.function, settings(definition, given), restarts=False) == ""
    return np.median([ledger.events[-1][7:] for ledger in books_of(oracle).ledgers], axis=0)


def test_reinforce_learns_digits_from_good_and_bad_and_parameters_perturbed_do_not() -> None:
    accuracies = [
        final("bandit", name, 25, seeds=1, **given)[-1]
        for name, given in (
            ("reinforce-adam", {}),
            ("output-perturbation-adam", {}),
            ("es-adam", {"sigma": 1.0}),
        )
    ]
    assert min(accuracies[:2]) > 0.9 > 0.8 > accuracies[2]


@pytest.mark.slow
def test_outputs_are_better_perturbed_than_parameters_on_digits() -> None:
    """Median of 5 seeds at a cost of 100; parameters with the best of three radii."""
    reinforce, outputs = (
        final("bandit", f"{name}-adam", 100, seeds=5)[-1] for name in ("reinforce", "output-perturbation")
    )
    parameters = max(final("bandit", "es-adam", 100, seeds=5, sigma=sigma)[-1] for sigma in (0.3, 1.0, 3.0))
    assert min(reinforce, outputs) > 0.9 > parameters


@pytest.mark.slow
def test_reinforce_balances_better_than_parameters_perturbed() -> None:
    """Cart-pole with a network of 8 units: share of the time after the fall, median of 5 seeds after a cost of 500."""
    reinforce, parameters = (
        final("cartpole", name, 500, 5, {"hidden": (8,)})[0] for name in ("reinforce-adam", "es-adam")
    )
    assert reinforce < 0.7 < parameters
