"""A known network inside an unknown cost."""

import numpy as np
import pytest
import torch

from bench.core import Composite, Objective, Oracle, OrderError, Stop
from bench.core.oracle import books_of


def network(x, inputs, gain):
    """One linear output: x (*points, 2), inputs (*points, steps, 2) -> (*points, steps, 1)."""
    return (inputs * (gain * x)[..., None, :]).sum(-1)[..., None]


def play(x, e, inputs, targets, gain):
    """The cost is 1 where the output, with e, falls short of the target."""
    seen = inputs + 0 * x[..., None, :]  # every point sees all rows
    costs = 1.0 * ((network(x, seen, gain) + e)[..., 0] < targets)
    return costs, seen


def cost(x, inputs, targets, gain):
    return play(x, 0, inputs, targets, gain)[0].mean(-1)


def problem(gain=1.0) -> Objective:
    data = {"inputs": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 0.0]]), "targets": np.array([1.0, 1, 1, 1])}
    composite = Composite(network, play, outputs=1)
    return Objective(
        cost, 2, constants={"gain": np.full(2, gain)}, order=0, data=data, composite=composite, name="line"
    )


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_network_play_and_vjp_by_hand(arrays):
    array = np.array if arrays == "numpy" else torch.tensor
    oracle = Oracle(problem(), 100, order=0, arrays=arrays)
    x = array([0.75, 0.5])
    oracle.recommend(x)
    assert (oracle.steps, oracle.outputs) == (4, 1)
    costs, inputs = oracle.play(x, array(np.zeros((4, 1))))
    np.testing.assert_array_equal(costs, [1, 1, 0, 0])  # outputs 0.75, 0.5, 1.25, 1.5
    assert oracle.value(x) == 0.5
    np.testing.assert_allclose(oracle.network(x, inputs), [[0.75], [0.5], [1.25], [1.5]])
    costs, _ = oracle.play(x, array([[0.3], [0.3], [-0.3], [-0.3]]))
    np.testing.assert_array_equal(costs, [0, 1, 1, 0])
    # v = (1, 0, 0, 2) pulls 1 (1, 0) + 2 (2, 0)
    np.testing.assert_allclose(oracle.vjp(x, inputs, array([[1.0], [0.0], [0.0], [2.0]])), [5, 0])
    # network is free; play and value are 4 rows each
    assert oracle.counts == {"value": 12, "gradient": 0, "hessian_vector": 0, "jacobian": 0, "vjp": 4}
    assert 100 - oracle.remaining == 3 + 2
    twice = np.concatenate([inputs, inputs, inputs[:1]])  # more steps than two answers have, for the price of three
    oracle.vjp(x, array(twice), array(np.ones((9, 1))))
    assert oracle.counts["vjp"] == 16


@pytest.mark.parametrize("points", [(), (5,)])
def test_lanes_hold_instances_of_their_own(points):
    problems = [problem(gain) for gain in (1.0, 2.0)]
    x = torch.rand(2, *points, 2, dtype=torch.float64)
    e = torch.rand(2, *points, 4, 1, dtype=torch.float64)
    together = Oracle(problems, 100, order=0, arrays="torch")
    together.recommend(torch.zeros(2, 2))
    costs, inputs = together.play(x, e)
    outputs, pulled = together.network(x, inputs), together.vjp(x, inputs, e)
    assert costs.shape == (2, *points, 4)
    assert outputs.shape == (2, *points, 4, 1)
    for lane in range(2):
        alone = Oracle(problems[lane], 100, order=0, arrays="torch")
        alone.recommend(torch.zeros(2))
        its_costs, its_inputs = alone.play(x[lane], e[lane])
        assert torch.equal(its_costs, costs[lane])
        assert torch.equal(alone.network(x[lane], its_inputs), outputs[lane])
        assert torch.equal(alone.vjp(x[lane], its_inputs, e[lane]), pulled[lane])


def test_mini_batches_play_their_rows():
    oracle = Oracle(problem(), 100, order=0)
    oracle.recommend(np.zeros(2))
    batch = next(oracle.minibatches(3))
    costs, inputs = batch.play(np.zeros(2), np.zeros((3, 1)))
    assert (batch.steps, costs.shape, inputs.shape) == (3, (3,), (3, 2))
    assert oracle.counts["value"] == 3


def test_the_budget_cuts_a_population():
    oracle = Oracle(problem(), 3, order=0)
    oracle.recommend(np.zeros(2))
    with pytest.raises(Stop):
        oracle.play(np.zeros((5, 2)), np.zeros((5, 4, 1)))
    assert oracle.counts["value"] == 12


def test_what_was_changed_is_no_improvement():
    """The outputs are pushed to where the cost is 0, but x itself is not there."""
    with Oracle(problem(), 3, order=0) as oracle:
        oracle.recommend(np.zeros(2))
        while True:
            oracle.play(np.zeros(2), np.full((4, 1), 9.0))
    assert books_of(oracle).ledgers[0].best == 1.0


def test_refuses():
    with pytest.raises(OrderError, match="not a composite problem"):
        Oracle(Objective(lambda x: x.sum(-1), 2), 10).play(np.zeros(2), np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"must have shape .*got \(4, 1\)"):
        Oracle(problem(), 10).play(np.zeros((5, 2)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match="composite must come with data or noise"):
        Objective(cost, 2, composite=Composite(network, play, outputs=1))
