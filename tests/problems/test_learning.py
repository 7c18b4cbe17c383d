"""Classifiers of digits: against torch's own networks one by one, and against formulas by hand."""

from math import log, prod

import numpy as np
import pytest
import torch
from torch import nn

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from problems.learning import digits, networks

pytest.importorskip("sklearn")
load(("problems",))


def reference(x: torch.Tensor, shapes: list[tuple[int, ...]], activation: str) -> nn.Sequential:
    """torch's own layers with the parameters of x (dim,)."""
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    parts = [part.reshape(shape) for part, shape in zip(x.split([prod(s) for s in shapes]), shapes, strict=True)]
    modules: list[nn.Module] = []
    for weights, bias in zip(parts[::2], parts[1::2], strict=True):
        layer = nn.Linear(*weights.shape)
        layer.weight.data, layer.bias.data = weights.T, bias
        modules += [layer, kinds[activation]()]
    return nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("widths", [(7,), (6, 5)])
def test_mlp_equals_torchs_own_network(widths: tuple[int, ...], activation: str) -> None:
    objective = find_problem("mlp").make(widths=widths, activation=activation)
    ask = Answers(objective, "torch")
    x = torch.tensor(np.stack([objective.first_point(np.random.default_rng(seed)) for seed in range(3)])).float()
    values, gradients = ask.value_and_gradient(x)
    metrics = ask.metrics(x)
    train = ask.pick(np.arange(objective.rows)[None])
    test = {key: torch.tensor(rows) for key, rows in objective.test.items()}
    for i, point in enumerate(x):
        network = reference(point, list(objective.shapes), activation)
        loss = nn.functional.cross_entropy(network(train["inputs"]), train["targets"])
        assert float(values[i]) == pytest.approx(loss.item(), rel=1e-5)
        loss.backward()
        own = torch.cat([(p.grad.T if p.ndim == 2 else p.grad).reshape(-1) for p in network.parameters()])
        torch.testing.assert_close(gradients[i], own, rtol=1e-4, atol=1e-6)
        outputs = network(test["inputs"])
        assert float(metrics["test_loss"][i]) == pytest.approx(
            nn.functional.cross_entropy(outputs, test["targets"]).item(), rel=1e-5
        )
        right = (outputs.argmax(-1) == test["targets"]).sum().item()
        assert float(metrics["test_accuracy"][i]) == pytest.approx(right / 360, abs=1e-6)


def test_softmax_by_hand() -> None:
    objective = find_problem("softmax").make(l2=0.5)
    assert objective.dim == 64 * 10 + 10
    ask = Answers(objective, "torch")
    value, gradient = ask.value_and_gradient(torch.zeros(650))
    assert float(value) == pytest.approx(log(10), rel=1e-6)
    inputs, targets = objective.data["inputs"].astype(float), np.eye(10)[objective.data["targets"]]
    errors = 0.1 - targets  # p - y, where all classes are alike
    expected = np.concatenate([(inputs.T @ errors).ravel(), errors.sum(0)]) / 1437
    np.testing.assert_allclose(gradient.numpy(), expected, atol=1e-6)
    # the penalty: 1/2 of 1/2 of 650, where equal biases and equal weights leave all classes alike
    assert float(ask.value(torch.ones(650))) == pytest.approx(log(10) + 0.25 * 650, rel=1e-5)
    assert float(ask.metrics(torch.ones(650))["test_loss"]) == pytest.approx(log(10), rel=1e-4)


def test_gradient_descent_learns_to_read() -> None:
    ask = Answers(find_problem("softmax").make(), "torch")
    x = torch.zeros(650)
    for _ in range(200):
        x = x - 0.5 * ask.value_and_gradient(x)[1]
    assert float(ask.metrics(x)["test_accuracy"]) > 0.9  # chance is 0.1


def test_every_split_holds_all_images_once() -> None:
    whole = None
    for instance in (1, 2, 3):
        train, test = digits.split(instance)
        assert (train["inputs"].shape, test["inputs"].shape) == ((1437, 64), (360, 64))
        assert train["inputs"].min() == 0
        assert train["inputs"].max() == 1
        rows = np.concatenate([np.c_[part["inputs"], part["targets"]] for part in (train, test)])
        rows = rows[np.lexsort(rows.T)]
        whole = rows if whole is None else whole
        np.testing.assert_array_equal(rows, whole)


def test_lanes_take_batches_of_their_own_data() -> None:
    many = [find_problem("mlp").make(widths=(8,), instance=k) for k in (1, 2)]
    stacked = Answers(many, "torch")
    x = torch.tensor(np.stack([item.first_point(np.random.default_rng(0)) for item in many])[:, None]).float()
    picked = stacked.pick(np.tile(np.arange(10, 42), (2, 1)))
    values = stacked.value(x, picked)
    for lane, item in enumerate(many):
        rows = {key: torch.tensor(array[10:42]) for key, array in item.data.items()}
        torch.testing.assert_close(values[lane], Answers(item, "torch").value(x[lane], rows))


def test_populations_in_chunks_equal_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = find_problem("mlp").make(widths=(8,))
    ask = Answers(objective, "torch")
    x = 0.1 * torch.randn(2, 5, objective.dim, generator=torch.Generator().manual_seed(0))
    assert len(list(networks._chunks(x[:1], torch.zeros(1, 1437, 64), networks.Network((64, 8, 10))))) == 1
    whole = ask.value_and_gradient(x)
    one = 1437 * (8 + 10) * 4  # bytes of activations of one network
    monkeypatch.setattr(networks, "CPU_CHUNK", 3 * one)
    assert [
        len(part[0])
        for part in networks._chunks(x.reshape(1, 10, -1), torch.zeros(1, 1437, 64), networks.Network((64, 8, 10)))
    ] == [3, 3, 3, 1]
    for part, expected in zip(ask.value_and_gradient(x), whole, strict=True):
        torch.testing.assert_close(part, expected)


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("tanh", 1), ("sigmoid", 1)])
def test_starts_have_the_variance_of_their_source(activation: networks.Activation, gain: int) -> None:
    network = networks.Network((50, 200, 100), activation)
    x = torch.tensor(networks.initial(np.random.default_rng(0), network))
    first, bias, second, last = networks.unflatten(x, network)
    assert float(first.var()) == pytest.approx(1 / 50, rel=0.05)
    assert float(second.var()) == pytest.approx(gain / 200, rel=0.05)
    assert not bias.any()
    assert not last.any()


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("mlp", {"widths": ()}, r"widths must be one or more numbers >= 1, got \(\)"),
        ("mlp", {"widths": (4, 0)}, r"widths must be one or more numbers >= 1, got \(4, 0\)"),
        ("mlp", {"activation": "cubic"}, "activation must be one of relu, tanh, sigmoid, got 'cubic'"),
        ("softmax", {"l2": -1.0}, "l2 must be >= 0 and finite, got -1.0"),
    ],
)
def test_bad_parameters_are_named(name: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_problem(name).make(**wrong)
