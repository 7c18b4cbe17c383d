"""The classifier that is told good or bad: by hand, and that it can be learned from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from bench.core import Objective, Oracle
from bench.core.answers import Answers
from bench.core.oracle import books_of
from bench.core.registry import find_problem, load

load(("bench.problems",))
make = find_problem("bandit").make


def start(objective: Objective, seed: int = 0) -> np.ndarray:
    return objective.first_point(np.random.default_rng(seed))


def named(objective: Objective, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The classes that a linear bandit names, by NumPy."""
    weights, bias = x[: rows.shape[1] * 10].reshape(-1, 10), x[-10:]
    return (rows @ weights + bias).argmax(-1)


def test_f_and_metrics_are_shares_of_wrong_and_right_names() -> None:
    objective = make(widths=(0,))
    assert objective.dim == 65 * 10
    x = start(objective)
    for part, share in (
        (objective.data, float(objective.f(x))),
        (objective.test, float(Answers(objective, "numpy").metrics(x)["test_error"])),
    ):
        wrong = named(objective, x, part["inputs"]) != part["targets"]
        assert 0.5 < share < 1  # before any learning
        assert share == pytest.approx(wrong.mean(), abs=1e-6)
    metrics = Answers(objective, "numpy").metrics(x)
    assert metrics["test_accuracy"] == pytest.approx(1 - metrics["test_error"], abs=1e-6)


def test_the_world_tells_good_from_bad_by_the_greatest_of_outputs_and_e() -> None:
    objective = make()
    ask, x = Answers(objective, "torch"), torch.tensor(np.stack([start(objective, seed) for seed in (0, 1)]))
    targets = torch.tensor(objective.data["targets"])
    right = one_hot(targets, 10).float().expand(2, -1, -1)
    costs, inputs = ask.play(x, 0 * right)
    assert costs.shape == (2, 1437)
    assert set(costs.unique().tolist()) == {0, 1}
    torch.testing.assert_close(costs.mean(-1), ask.value(x))
    torch.testing.assert_close(inputs[1], torch.tensor(objective.data["inputs"]).float())
    torch.testing.assert_close((ask.network(x, inputs).argmax(-1) != targets).float(), costs)
    assert (ask.play(x, 1e6 * right)[0] == 0).all()
    assert (ask.play(x, -1e6 * right)[0] == 1).all()


def test_a_stack_plays_as_its_instances_do() -> None:
    many = [make(instance=k) for k in (1, 2)]
    x = torch.tensor(np.stack([[start(item, seed) for seed in range(3)] for item in many]))
    e = torch.randn(2, 3, 1437, 10, generator=torch.Generator().manual_seed(0))
    stacked, alone = Answers(many, "torch"), [Answers(item, "torch") for item in many]
    costs, inputs = stacked.play(x, e)
    for lane, one in enumerate(alone):
        own_costs, own_inputs = one.play(x[lane], e[lane])
        torch.testing.assert_close(costs[lane], own_costs)
        torch.testing.assert_close(inputs[lane], own_inputs)
        torch.testing.assert_close(stacked.vjp(x, inputs, e)[lane], one.vjp(x[lane], own_inputs, e[lane]))


def test_the_pullback_is_the_limit_of_differences() -> None:
    ask = Answers(replace(make(), dtype="float64"), "torch")
    rng = np.random.default_rng(0)
    x, v, step = (torch.tensor(rng.standard_normal(ask.objective.dim)) for _ in range(3))
    inputs, v = torch.tensor(rng.standard_normal((7, 64))), torch.tensor(rng.standard_normal((7, 10)))
    ahead, behind = (ask.network(x + sign * 1e-6 * step, inputs) for sign in (1, -1))
    expected = (v * (ahead - behind)).sum() / 2e-6
    torch.testing.assert_close((ask.vjp(x, inputs, v) * step).sum(), expected, rtol=1e-6, atol=1e-6)


def test_reinforce_learns_digits_from_good_and_bad_alone() -> None:
    """Williams 1992, doi:10.1007/BF00992696: with Gumbel's e the greatest of logits + e has the chances of softmax, and
    cost - baseline times the gradient of its log chance is, in the mean, the gradient of the mean cost."""
    oracle = Oracle([make()] * 4, budget=90, seed=range(4), order=0, arrays="torch")
    draws, x = torch.Generator().manual_seed(0), oracle.x0
    rule = torch.optim.Adam([x], lr=0.003)
    oracle.recommend(x)
    with oracle:
        for batch in oracle.minibatches(64):
            e = -torch.empty(4, batch.steps, batch.outputs).exponential_(generator=draws).log()
            costs, inputs = batch.play(x, e)
            logits = batch.network(x, inputs)
            chosen = one_hot((logits + e).argmax(-1), batch.outputs)
            surprise = (costs - costs.mean(-1, keepdim=True))[..., None]
            x.grad = batch.vjp(x, inputs, surprise * (chosen - logits.softmax(-1)) / batch.steps)
            rule.step()
    accuracies = [ledger.events[-1][-1] for ledger in books_of(oracle).ledgers]
    assert min(accuracies) > 0.9
    # 30 epochs, in which a row costs 1 for the play and 2 for the way back; 1,437 of the 1,797 digits
    assert [ledger.counts[0] for ledger in books_of(oracle).ledgers] == [30 * 1437] * 4


@pytest.mark.parametrize("widths", [(), (-1,), (0, 3)])
def test_widths_out_of_range_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="widths must be 0, or one or more numbers >= 1"):
        make(widths=widths)
